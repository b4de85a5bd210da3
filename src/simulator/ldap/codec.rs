//! Messages on the wire.
//!
//! The protocol crate holds filter values as text and drops a message whose filter has other bytes, as a search by `objectGUID`
//! has. So the BER tree is read here first, and such a value is carried through as a marked text.

use std::io;

use ldap3_lber::common::TagClass;
use ldap3_lber::parse::{DEFAULT_MAX_BER_DEPTH, Parser};
use ldap3_lber::structure::{PL, StructureTag};
use ldap3_proto::LdapCodec;
use ldap3_proto::proto::LdapMsg;
use tokio_util::bytes::{Buf as _, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

/// Longest request taken, in bytes: far above any search, far below what could hurt.
const LONGEST: usize = 256 * 1024;

/// Stands before a value that is not UTF-8; each following character is one byte. A private-use character that no directory holds.
const MARK: char = '\u{F0000}';

/// Application tag of a search request, and the place of the filter in it (RFC 4511, section 4.5.1).
const SEARCH_REQUEST: u64 = 3;
const FILTER: usize = 6;

#[derive(Default)]
pub(super) struct MessageCodec {
    encoder: LdapCodec,
}

impl Decoder for MessageCodec {
    type Item = LdapMsg;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<LdapMsg>> {
        let (left, mut message) = match Parser::new(DEFAULT_MAX_BER_DEPTH).parse(buffer) {
            Ok((rest, message)) => (rest.len(), message),
            Err(error) if error.is_incomplete() && buffer.len() < LONGEST => return Ok(None),
            Err(_) => return Err(io::Error::other("not a message of LDAP")),
        };
        buffer.advance(buffer.len() - left);
        if let Some(filter) = filter_of(&mut message) {
            mark(filter);
        }
        LdapMsg::try_from(message).map(Some).map_err(io::Error::other)
    }
}

impl Encoder<LdapMsg> for MessageCodec {
    type Error = io::Error;

    fn encode(&mut self, message: LdapMsg, buffer: &mut BytesMut) -> io::Result<()> {
        self.encoder.encode(message, buffer)
    }
}

/// The bytes of a filter value as the client sent them.
pub(super) fn value_bytes(text: &str) -> Vec<u8> {
    let marked = text.strip_prefix(MARK).and_then(|rest| {
        let bytes = rest.chars().map(|character| u8::try_from(u32::from(character)));
        bytes.collect::<Result<Vec<u8>, _>>().ok()
    });
    marked.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn filter_of(message: &mut StructureTag) -> Option<&mut StructureTag> {
    let PL::C(parts) = &mut message.payload else {
        return None;
    };
    let operation = parts.get_mut(1)?;
    if operation.class != TagClass::Application || operation.id != SEARCH_REQUEST {
        return None;
    }
    match &mut operation.payload {
        PL::C(fields) => fields.get_mut(FILTER),
        PL::P(_) => None,
    }
}

fn mark(filter: &mut StructureTag) {
    // `dnAttributes` of an extensible match: a boolean, not a value.
    let boolean = filter.class == TagClass::Context && filter.id == 4;
    match &mut filter.payload {
        PL::C(parts) => parts.iter_mut().for_each(mark),
        PL::P(bytes) if !boolean && std::str::from_utf8(bytes).is_err() => {
            let marked = [MARK].into_iter().chain(bytes.iter().copied().map(char::from));
            *bytes = marked.collect::<String>().into_bytes();
        }
        PL::P(_) => {}
    }
}
