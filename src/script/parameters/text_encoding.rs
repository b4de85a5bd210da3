//! Files of items as UTF-8, whatever a spreadsheet or PowerShell wrote them as.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::problem::ParameterProblem;

/// A file's text as UTF-8, without a mark at its beginning.
pub(super) struct DecodedFile<'a> {
    /// A file in which UTF-8 and other bytes are mixed stays as it is: its rows are told one by one.
    pub(super) text: Cow<'a, [u8]>,
    /// What a person should know: as what it was read, where that is not UTF-8.
    pub(super) remark: Option<String>,
}

/// Decodes UTF-8, UTF-16 with or without a mark, and Windows-1252, which has no mark: what is no UTF-8 and has no character of it.
pub(super) fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<DecodedFile<'a>, ParameterProblem> {
    let utf8 = "save it as UTF-8; Excel calls it \"CSV UTF-8\"";
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err(ParameterProblem::new(format!("{file} is UTF-32")).help(utf8));
    }
    let encoding = match bytes {
        [0xff, 0xfe, ..] => Some((UTF_16LE, "UTF-16")),
        [0xfe, 0xff, ..] => Some((UTF_16BE, "UTF-16")),
        _ if is_wide(bytes, 1) => Some((UTF_16LE, "UTF-16")),
        _ if is_wide(bytes, 0) => Some((UTF_16BE, "UTF-16")),
        _ if bytes.contains(&0) => {
            let problem = ParameterProblem::new(format!("{file} has NUL characters: it is no text"));
            return Err(problem.help(utf8));
        }
        _ if is_of_one_byte(bytes) => Some((WINDOWS_1252, "Windows-1252")),
        _ => None,
    };
    match encoding {
        None => {
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            Ok(DecodedFile { text: Cow::Borrowed(text), remark: None })
        }
        Some((encoding, name)) => decode_as(file, bytes, encoding, name),
    }
}

fn decode_as<'a>(
    file: &str,
    bytes: &[u8],
    encoding: &'static Encoding,
    name: &str,
) -> Result<DecodedFile<'a>, ParameterProblem> {
    let (text, has_errors) = encoding.decode_with_bom_removal(bytes);
    if has_errors {
        return Err(
            ParameterProblem::new(format!("{file} is {name}, and part of it cannot be read")).help("save it as UTF-8")
        );
    }
    let remark = format!("{file} is not UTF-8: it was read as {name}");
    Ok(DecodedFile { text: Cow::Owned(text.into_owned().into_bytes()), remark: Some(remark) })
}

/// Whether every other byte of the beginning, from `first`, is the NUL that UTF-16 has beside an ASCII character.
fn is_wide(bytes: &[u8], first: usize) -> bool {
    let beginning = &bytes[..bytes.len().min(64)];
    let nuls = |from: usize| beginning.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    bytes.len().is_multiple_of(2) && nuls(first) * 4 > beginning.len() && nuls(1 - first) == 0
}

/// Whether there are bytes that are no UTF-8, and no character of more than one byte that is.
fn is_of_one_byte(bytes: &[u8]) -> bool {
    let mut is_invalid = false;
    for chunk in bytes.utf8_chunks() {
        if !chunk.valid().is_ascii() {
            return false;
        }
        is_invalid |= !chunk.invalid().is_empty();
    }
    is_invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(String, Option<String>), String> {
        let decoded = decode("u.csv", bytes).map_err(|problem| problem.message)?;
        Ok((String::from_utf8_lossy(&decoded.text).into_owned(), decoded.remark))
    }

    #[test]
    fn a_file_is_read_as_what_it_was_written_as() {
        let text = "login;Name\nzoë@x;\u{17d}oë\n";
        let wide = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        let utf16 = Some("u.csv is not UTF-8: it was read as UTF-16".to_owned());
        for bytes in [[&[0xff, 0xfe][..], &little].concat(), [&[0xfe, 0xff][..], &big].concat(), little, big] {
            assert_eq!(read(&bytes), Ok((text.to_owned(), utf16.clone())));
        }
        assert_eq!(read(text.as_bytes()), Ok((text.to_owned(), None)));
        assert_eq!(read(b"\xef\xbb\xbfa"), Ok(("a".to_owned(), None)));
        let windows = Some("u.csv is not UTF-8: it was read as Windows-1252".to_owned());
        assert_eq!(read(b"zo\xeb \x8eo\xeb"), Ok(("zoë \u{17d}oë".to_owned(), windows)));
    }

    #[test]
    fn what_is_no_text_is_told_as_what_it_is() {
        assert_eq!(read(b"\xff\xfe\0\0a\0\0\0"), Err("u.csv is UTF-32".to_owned()));
        assert_eq!(read(b"ab\0cd"), Err("u.csv has NUL characters: it is no text".to_owned()));
        assert_eq!(read(b"\xff\xfea\0\0\xd8"), Err("u.csv is UTF-16, and part of it cannot be read".to_owned()));
        // Mixed: its rows are told one by one.
        assert_eq!(
            read("ë".as_bytes().iter().copied().chain(*b"\xff").collect::<Vec<u8>>().as_slice()).map(|it| it.1),
            Ok(None)
        );
    }
}
