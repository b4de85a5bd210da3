//! Pieces of a private key by which it is known where somebody repeats it: in the form it was given in, and in others.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::SecretString;

/// Texts of a key that are long enough to be known again.
const LEAST_PART: usize = 20;
/// So many characters of an encoding are, at most, the same for all keys of a kind.
const COMMON_HEAD: usize = 50;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;

/// The lines of a key in PEM, and its encoding in one line.
pub(super) fn of_pem(pem: &str, der: &[u8]) -> Vec<SecretString> {
    let lines = pem.lines().map(str::trim);
    let encoded = lines.filter(|line| !line.contains("-----") && !line.contains(':'));
    let own = encoded.enumerate().filter(|(number, line)| {
        let least = if *number == 0 { COMMON_HEAD } else { LEAST_PART };
        line.len() >= least
    });
    let lines = own.map(|(_, line)| line.to_owned());
    lines.chain([STANDARD.encode(der)]).map(SecretString::from).collect()
}

/// The private members of a key in JWK, as they were given.
pub(super) fn of_jwk(jwk: &str) -> Vec<SecretString> {
    let key: serde_json::Value = serde_json::from_str(jwk).unwrap_or_default();
    let members = ["d", "p", "q", "dp", "dq", "qi"].iter();
    let texts = members.filter_map(|name| key[*name].as_str());
    texts.filter(|text| text.len() >= LEAST_PART).map(SecretString::from).collect()
}

/// The private number of a key on a curve, as a JWK has it.
pub(super) fn of_curve(pair: &EcdsaKeyPair) -> Vec<SecretString> {
    let number = pair.private_key().as_be_bytes();
    let number = number.map(|number| URL_SAFE_NO_PAD.encode(number.as_ref()));
    number.into_iter().map(SecretString::from).collect()
}

/// The private numbers of an RSA key in PKCS#8 (RFC 5208 around RFC 8017, appendix A.1.2), as a JWK has them.
pub(super) fn of_rsa(pkcs8: &[u8]) -> Vec<SecretString> {
    let numbers = rsa_numbers(pkcs8).unwrap_or_default();
    // Version, modulus and public exponent come first.
    let private = numbers.into_iter().skip(3);
    let texts = private.map(|number| URL_SAFE_NO_PAD.encode(number));
    texts.filter(|text| text.len() >= LEAST_PART).map(SecretString::from).collect()
}

fn rsa_numbers(pkcs8: &[u8]) -> Option<Vec<&[u8]>> {
    let (outer, _) = element(pkcs8, SEQUENCE)?;
    let (_, rest) = element(outer, INTEGER)?;
    let (_, rest) = element(rest, SEQUENCE)?;
    let (key, _) = element(rest, OCTETS)?;
    let (mut rest, _) = element(key, SEQUENCE)?;
    let mut numbers = Vec::new();
    while let Some((number, after)) = element(rest, INTEGER) {
        // A leading zero only says that the number is positive.
        numbers.push(number.strip_prefix(&[0]).unwrap_or(number));
        rest = after;
    }
    Some(numbers)
}

/// The content of a DER element of this tag, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let length = digits
                .iter()
                .try_fold(0_usize, |length, digit| length.checked_mul(256)?.checked_add(usize::from(*digit)));
            (length?, rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, RsaKeyPair};
    use secrecy::ExposeSecret;

    use super::*;

    fn texts(parts: &[SecretString]) -> Vec<&str> {
        parts.iter().map(ExposeSecret::expose_secret).collect()
    }

    #[test]
    fn the_five_private_numbers_of_an_rsa_key_and_its_exponent_are_known() {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = pair.as_der().expect("DER");
        let parts = of_rsa(der.as_ref());
        let lengths: Vec<usize> = texts(&parts).iter().map(|text| text.len()).collect();
        assert_eq!(lengths.len(), 6, "{lengths:?}");
        assert!(lengths[0] > 330 && lengths[1..].iter().all(|length| (165..=172).contains(length)));
        assert!(of_rsa(b"no key").is_empty());
    }

    #[test]
    fn a_key_is_known_by_each_line_and_by_all_in_one() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        assert_eq!(texts(&of_curve(&pair))[0].len(), 43);
        let der = pair.to_pkcs8v1().expect("DER");
        let one_line = STANDARD.encode(der.as_ref());
        let (first, second) = one_line.split_at(64);
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{first}\n{second}\n-----END PRIVATE KEY-----");
        let parts = of_pem(&pem, der.as_ref());
        assert_eq!(texts(&parts), [first, second, &one_line]);
    }
}
