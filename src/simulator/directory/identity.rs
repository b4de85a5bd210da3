//! The two identities that an object keeps for life: GUID and security identifier.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Relative identifiers below 1000 are those of built-in accounts.
pub(super) const FIRST_RID: u32 = 1104;

/// `objectGUID`: the 16 bytes as AD stores them, the first three parts little-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::simulator) struct ObjectGuid([u8; 16]);

/// `objectSid` of an account of the domain.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::simulator) struct ObjectSid {
    authority: [u32; 3],
    rid: u32,
}

impl ObjectGuid {
    /// A random GUID of version 4.
    pub(super) fn random(random: &mut fastrand::Rng) -> Self {
        let mut bytes = [0; 16];
        random.fill(&mut bytes);
        // Version and variant stand in the third and fourth part; the third is little-endian here.
        bytes[7] = (bytes[7] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Self(bytes)
    }

    pub(in crate::simulator) fn bytes(&self) -> [u8; 16] {
        self.0
    }

    pub(in crate::simulator) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 16 bytes in base64, as Okta shows `externalId` of an account of AD.
    pub(in crate::simulator) fn base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    pub(in crate::simulator) fn from_base64(text: &str) -> Option<Self> {
        Self::from_bytes(&STANDARD.decode(text).ok()?)
    }
}

/// As Windows writes it, such as `3f2504e0-4f89-41d3-9a0c-0305e82c3301`.
impl fmt::Display for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        for (position, index) in ORDER.into_iter().enumerate() {
            let hyphen = if matches!(position, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{:02x}", self.0[index])?;
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

impl ObjectSid {
    pub(super) fn new(authority: [u32; 3], rid: u32) -> Self {
        Self { authority, rid }
    }

    /// Of an account of a domain; others, such as built-in ones, are none of ours.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let parts = bytes.strip_prefix(&[1, 5, 0, 0, 0, 0, 0, 5])?;
        let parts: Vec<u32> =
            parts.chunks(4).map(|part| part.try_into().map(u32::from_le_bytes)).collect::<Result<_, _>>().ok()?;
        match parts[..] {
            [21, first, second, third, rid] => Some(Self::new([first, second, third], rid)),
            _ => None,
        }
    }

    /// Reads what `Display` writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let parts = text.strip_prefix("S-1-5-21-")?.split('-');
        let parts: Vec<u32> = parts.map(|part| part.parse().ok()).collect::<Option<_>>()?;
        match parts[..] {
            [first, second, third, rid] => Some(Self::new([first, second, third], rid)),
            _ => None,
        }
    }

    /// Revision 1, five sub-authorities, authority 5 big-endian, then `21`, the domain and the account, little-endian.
    pub(in crate::simulator) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, 5, 0, 0, 0, 0, 0, 5];
        let [first, second, third] = self.authority;
        for part in [21, first, second, third, self.rid] {
            bytes.extend_from_slice(&part.to_le_bytes());
        }
        bytes
    }
}

impl fmt::Display for ObjectSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third] = self.authority;
        write!(f, "S-1-5-21-{first}-{second}-{third}-{}", self.rid)
    }
}

impl fmt::Debug for ObjectSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_stored_with_its_first_parts_little_endian() {
        let bytes = [0xe0, 0x04, 0x25, 0x3f, 0x89, 0x4f, 0xd3, 0x41, 0x9a, 0x0c, 0x03, 0x05, 0xe8, 0x2c, 0x33, 0x01];
        let guid = ObjectGuid(bytes);
        assert_eq!(guid.to_string(), "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
        assert_eq!(ObjectGuid::from_base64(&guid.base64()), Some(guid));
        assert_eq!(ObjectGuid::from_base64("AAAA"), None);
    }

    #[test]
    fn a_sid_has_28_bytes_and_its_text() {
        let sid = ObjectSid::new([1, 2, 0x0102_0304], 1104);
        assert_eq!(sid.to_string(), "S-1-5-21-1-2-16909060-1104");
        assert_eq!(ObjectSid::parse(&sid.to_string()), Some(sid));
        assert_eq!(ObjectSid::parse("S-1-5-32-544"), None);
        let bytes = sid.bytes();
        assert_eq!(bytes.len(), 28);
        assert_eq!(bytes[20..], [4, 3, 2, 1, 0x50, 4, 0, 0]);
        assert_eq!(ObjectSid::from_bytes(&bytes), Some(sid));
        assert_eq!(ObjectSid::from_bytes(&bytes[..24]), None);
    }
}
