use aws_lc_rs::rsa::KeySize;
use jsonwebtoken::EncodingKey;
use serde_json::{Value, json};

use super::*;

/// The example keys of RFC 7515, appendices A.3 and A.4.
const P256: &str = r#"{"kty":"EC","crv":"P-256","kid":"k1",
 "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
 "d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
const P521: &str = r#"{"kty":"EC","crv":"P-521",
 "x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
 "y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
 "d":"AY5pb7A0UFiB3RELSD64fTLOSV_jazdF7fLYyuTw8lOfRhWg6Y6rUrPAxerEzgdRhajnu0ferB0d53vM9mE15j2C"}"#;

fn parse(text: &str) -> Result<SigningKey, KeyError> {
    SigningKey::parse(&text.into())
}

fn pem_of(tag: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(tag, der))
}

fn rsa_pkcs8() -> Vec<u8> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der = pair.as_der().expect("its form");
    der.as_ref().to_vec()
}

fn curve_pkcs8(curve: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(curve).expect("a key");
    pair.to_pkcs8v1().expect("its form").as_ref().to_vec()
}

fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    let text = pem_of("PRIVATE KEY", pkcs8);
    let key = EncodingKey::from_rsa_pem(text.as_bytes()).expect("an RSA key");
    key.as_bytes().to_vec()
}

/// The integers of a PKCS#1 key: version, n, e, d, p, q, dp, dq, qi.
fn integers(der: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (&der[4..], Vec::new());
    while let [2, first, tail @ ..] = rest {
        let (length, tail) = match first {
            0x81 => (usize::from(tail[0]), &tail[1..]),
            0x82 => (usize::from(tail[0]) * 256 + usize::from(tail[1]), &tail[2..]),
            short => (usize::from(*short), tail),
        };
        let number = &tail[..length];
        found.push(number.strip_prefix(&[0]).unwrap_or(number).to_vec());
        rest = &tail[length..];
    }
    found
}

fn rsa_jwk_text(pkcs8: &[u8]) -> String {
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let mut jwk = json!({"kty": "RSA", "kid": "r1", "alg": "RS512"});
    for (name, number) in names.iter().zip(integers(&pkcs1(pkcs8)).iter().skip(1)) {
        jwk[name] = json!(URL_SAFE_NO_PAD.encode(number));
    }
    jwk.to_string()
}

#[test]
fn every_form_that_okta_and_openssl_give_is_read() {
    let rsa = rsa_pkcs8();
    let p384 = curve_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let p521 = curve_pkcs8(&ECDSA_P521_SHA512_FIXED_SIGNING);
    let one_line = pem_of("PRIVATE KEY", &p384).replace("\r\n", "\\n");
    for (text, algorithm) in [
        (pem_of("PRIVATE KEY", &rsa), SigningAlgorithm::Rs256),
        (pem_of("RSA PRIVATE KEY", &pkcs1(&rsa)), SigningAlgorithm::Rs256),
        (rsa_jwk_text(&rsa), SigningAlgorithm::Rs512),
        (P256.to_owned(), SigningAlgorithm::Es256),
        (pem_of("PRIVATE KEY", &p384), SigningAlgorithm::Es384),
        (one_line, SigningAlgorithm::Es384),
        (pem_of("PRIVATE KEY", &p521), SigningAlgorithm::Es512),
        (P521.to_owned(), SigningAlgorithm::Es512),
    ] {
        let key = parse(&text).expect("a key");
        assert_eq!(key.algorithm(), algorithm);
        let signed = key.sign(&json!({"iss": "0oa1"})).expect("a signature");
        let header = signed.expose_secret().split('.').next().unwrap_or_default();
        let header = URL_SAFE_NO_PAD.decode(header).expect("base64");
        let header: Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header["alg"], algorithm.as_str());
        assert_eq!(header["kid"].as_str(), key.key_id());
    }
}

/// Whatever form a key is given in, its private members of a JWK are known.
#[test]
fn a_key_in_pem_is_known_by_the_members_of_its_jwk() {
    let pkcs8 = rsa_pkcs8();
    let jwk: serde_json::Value = serde_json::from_str(&rsa_jwk_text(&pkcs8)).expect("JSON");
    for text in [pem_of("PRIVATE KEY", &pkcs8), jwk.to_string()] {
        let key = parse(&text).expect("a key");
        let parts: Vec<&str> = key.parts().iter().map(ExposeSecret::expose_secret).collect();
        for name in ["d", "p", "q", "dp", "dq", "qi"] {
            assert!(parts.contains(&jwk[name].as_str().expect(name)), "{name}");
        }
        assert!(!parts.contains(&jwk["n"].as_str().expect("n")));
    }
}

#[test]
fn the_key_id_and_the_algorithm_may_be_told() {
    let key = parse(P256).expect("a key");
    assert_eq!(key.key_id(), Some("k1"));
    let key = key.with_key_id(Some("k2".to_owned()));
    assert_eq!(key.key_id(), Some("k2"));
    assert!(matches!(key.with_algorithm(SigningAlgorithm::Es384), Err(KeyError::Algorithm { .. })));
}

#[test]
fn what_is_no_private_key_is_told_without_showing_it() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAEC\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let public = "-----BEGIN PUBLIC KEY-----\nAAEC\n-----END PUBLIC KEY-----\n";
    let public_jwk = P256.replace("\"d\"", "\"x5t\"");
    let broken_jwk = P256.replace("jpsQ", "jpsR");
    for (text, expected) in [
        ("00SECRET", KeyError::Unknown),
        (encrypted, KeyError::Encrypted),
        (public, KeyError::Public),
        (&public_jwk, KeyError::Public),
        (&broken_jwk, KeyError::Jwk),
        ("{\"SECRET\"", KeyError::Jwk),
        ("-----BEGIN PRIVATE KEY-----\nAAEC\n-----END PRIVATE KEY-----", KeyError::Kind),
        ("-----BEGIN PRIVATE KEY-----\nAAEC", KeyError::Pem),
    ] {
        let wrong = parse(text).expect_err(text);
        assert_eq!(wrong, expected);
        assert!(!format!("{wrong} {wrong:?}").contains("SECRET"));
    }
    assert!(!format!("{:?}", parse(P256)).contains("jpsQ"));
}
