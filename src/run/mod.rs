//! The door: everything a run does to the world goes through here, as data. (to be written)

pub mod event;
