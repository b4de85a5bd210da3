//! Private keys in every form and by every algorithm: each signs in, by the simulator's own verifier.

use std::process::Command;

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use okta_runbook::okta::{
    BaseUrl, ClientSettings, DpopUse, OktaClient, OrgCredentials, ServiceApp, SigningAlgorithm, SigningKey,
    SilentObserver,
};
use serde_json::{Value, json};

use crate::stage::{Ran, Stage};

/// A key in the forms that Okta and openssl give.
struct Key {
    client: &'static str,
    algorithms: &'static [SigningAlgorithm],
    /// PKCS#8.
    pkcs8: String,
    /// PKCS#1, or SEC 1.
    traditional: String,
    jwk: Value,
    public: Value,
}

fn pem(tag: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(tag, der))
}

fn number(bytes: &[u8]) -> Value {
    URL_SAFE_NO_PAD.encode(bytes).into()
}

fn rsa() -> Key {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der = pair.as_der().unwrap();
    let pkcs8 = pem("PRIVATE KEY", der.as_ref());
    let pkcs1 = EncodingKey::from_rsa_pem(pkcs8.as_bytes()).unwrap();
    let pkcs1 = pkcs1.as_bytes().to_vec();
    let mut jwk = json!({"kty": "RSA", "kid": "rsa-1"});
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    for (name, integer) in names.iter().zip(integers(&pkcs1).skip(1)) {
        jwk[name] = number(integer);
    }
    Key {
        client: "0oaRsa",
        algorithms: &[SigningAlgorithm::Rs256, SigningAlgorithm::Rs384, SigningAlgorithm::Rs512],
        pkcs8,
        traditional: pem("RSA PRIVATE KEY", &pkcs1),
        public: json!({"kty": "RSA", "kid": "rsa-1", "n": jwk["n"], "e": jwk["e"]}),
        jwk,
    }
}

/// The integers of a PKCS#1 key: version, n, e, d, p, q, dp, dq, qi.
fn integers(der: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = &der[4..];
    std::iter::from_fn(move || {
        let [2, first, tail @ ..] = rest else {
            return None;
        };
        let (length, tail) = match first {
            0x81 => (usize::from(tail[0]), &tail[1..]),
            0x82 => (usize::from(tail[0]) * 256 + usize::from(tail[1]), &tail[2..]),
            short => (usize::from(*short), tail),
        };
        rest = &tail[length..];
        let integer = &tail[..length];
        Some(integer.strip_prefix(&[0]).unwrap_or(integer))
    })
}

fn elliptic(
    client: &'static str,
    curve: &str,
    algorithms: &'static [SigningAlgorithm],
    signing: &'static EcdsaSigningAlgorithm,
) -> Key {
    let pair = EcdsaKeyPair::generate(signing).unwrap();
    let sec1: EcPrivateKeyRfc5915Der = pair.private_key().as_der().unwrap();
    let d: EcPrivateKeyBin = pair.private_key().as_be_bytes().unwrap();
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let public = json!({"kty": "EC", "crv": curve, "kid": curve, "x": number(x), "y": number(y)});
    let mut jwk = public.clone();
    jwk["d"] = number(d.as_ref());
    Key {
        client,
        algorithms,
        pkcs8: pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref()),
        traditional: pem("EC PRIVATE KEY", sec1.as_ref()),
        jwk,
        public,
    }
}

fn keys() -> [Key; 4] {
    let p256 = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let p384 = &ECDSA_P384_SHA384_FIXED_SIGNING;
    let p521 = &ECDSA_P521_SHA512_FIXED_SIGNING;
    [
        rsa(),
        elliptic("0oaP256", "P-256", &[SigningAlgorithm::Es256], p256),
        elliptic("0oaP384", "P-384", &[SigningAlgorithm::Es384], p384),
        elliptic("0oaP521", "P-521", &[SigningAlgorithm::Es512], p521),
    ]
}

/// An org with a service app for each key.
fn stage(keys: &[Key]) -> Stage {
    let client = |key: &Key| json!({"label": key.client, "clientId": key.client, "keys": [key.public], "roles": ["SUPER_ADMIN"]});
    Stage::of(&json!({
        "directories": [{"domain": "corp.example"}],
        "orgs": [{"name": "okta", "clients": keys.iter().map(client).collect::<Vec<_>>()}],
    }))
}

async fn signs_in(url: &str, client_id: &str, key: SigningKey) -> bool {
    let app = ServiceApp {
        client_id: client_id.to_owned(),
        key,
        scopes: vec!["okta.users.read".to_owned()],
        dpop: DpopUse::WhenAsked,
    };
    let (base, _) = BaseUrl::parse(url).unwrap();
    let credentials = OrgCredentials::PrivateKeyJwt(Box::new(app));
    let client = OktaClient::new(base, credentials, ClientSettings::default()).unwrap();
    client.granted_scopes(&SilentObserver).await.is_ok()
}

#[test]
fn every_form_signs_in_by_every_algorithm_of_its_kind() {
    let keys = keys();
    let stage = stage(&keys);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let signs_in = |client: &str, key| runtime.block_on(signs_in(stage.url(), client, key));
    let mut signed = 0;
    for key in &keys {
        let jwk = key.jwk.to_string();
        let one_line = key.pkcs8.replace("\r\n", "\n").replace('\n', "\\n");
        for text in [&key.pkcs8, &one_line, &key.traditional, &jwk] {
            for algorithm in key.algorithms {
                let read = SigningKey::parse(&text.as_str().into()).unwrap();
                let read = read.with_algorithm(*algorithm).unwrap();
                assert!(signs_in(key.client, read), "{} {algorithm}", key.client);
                signed += 1;
            }
        }
        // The verifier can say no: the key of another app does not do.
        let foreign = keys.iter().find(|other| other.client != key.client).unwrap();
        let foreign = SigningKey::parse(&foreign.pkcs8.as_str().into()).unwrap();
        assert!(!signs_in(key.client, foreign), "{}", key.client);
    }
    assert_eq!(signed, 4 * 6);
}

#[test]
fn a_key_is_read_from_a_file_a_variable_a_command_and_the_settings() {
    let keys = keys();
    let stage = stage(&keys);
    let [rsa, p256, p384, p521] = &keys;
    stage.write_secret("rsa.pem", &rsa.traditional);
    stage.write_secret("p384.jwk", &p384.jwk.to_string());
    let url = stage.url();
    let profile = |name: &str, key: &Key, more: &str| {
        format!("[orgs.{name}]\nurl = \"{url}\"\nclient_id = \"{}\"\n{more}\n", key.client)
    };
    let profiles = [
        profile("file", rsa, "private_key = { file = \"rsa.pem\" }\nalgorithm = \"RS384\""),
        profile("variable", p521, "private_key = { env = \"KEY\" }\nkey_id = \"P-521\""),
        profile("command", p384, "private_key = { command = \"cat p384.jwk\" }"),
    ];
    stage.write("okta-runbook.toml", &profiles.concat());
    let test = |name: &str, change: &dyn Fn(&mut Command)| {
        let mut command = stage.command();
        command
            .env_remove("OKTA_CLIENT_TOKEN")
            .env("OKTA_CLIENT_AUTHORIZATIONMODE", "PrivateKey")
            .env("KEY", p521.traditional.replace('\n', "\\n"))
            .args(["orgs", "test", name]);
        change(&mut command);
        let ran = Ran::command(&mut command);
        ran.exits(0).says(&["service app (OAuth)"]);
    };
    for name in ["file", "variable", "command"] {
        test(name, &|_| {});
    }
    test("default", &|command| {
        command.env("OKTA_CLIENT_CLIENTID", p256.client).env("OKTA_CLIENT_PRIVATEKEY", p256.jwk.to_string());
    });
    let members = rsa.jwk.as_object().unwrap().iter();
    let members: Vec<String> = members.map(|(name, value)| format!("      {name}: {value}\n")).collect();
    let members = members.concat();
    let yaml = format!(
        "okta:\n  client:\n    clientId: {}\n    kid: rsa-1\n    privateKeyId: rsa-1\n    privateKey:\n{members}",
        rsa.client
    );
    stage.write_secret("okta.yaml", &yaml);
    test("default", &|_| {});
}
