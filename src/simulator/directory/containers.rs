//! The objects of a directory that hold others.

use jiff::Timestamp;

use super::identity::ObjectGuid;

/// An object that holds others.
#[derive(Clone, Debug)]
pub(in crate::simulator) struct DirectoryContainer {
    pub(in crate::simulator) guid: ObjectGuid,
    pub(in crate::simulator) kind: ContainerKind,
    pub(in crate::simulator) dn: String,
    /// Value of its own relative name, such as `Users`.
    pub(in crate::simulator) name: String,
    pub(in crate::simulator) created: Timestamp,
    pub(in crate::simulator) usn: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulator) enum ContainerKind {
    Domain,
    OrganizationalUnit,
    /// Such as `CN=Users`: holds accounts, and takes no group policy.
    Container,
}
