//! Writes names as RFC 4514 section 2 does.

use std::fmt;

use super::{Dn, Rdn, RdnAttribute, RdnValue};

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.rdns, ",")
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_joined(f, &self.attributes, "+")
    }
}

impl fmt::Display for RdnAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name)?;
        match &self.value {
            RdnValue::Text(text) => write_escaped(f, text),
            RdnValue::Ber(bytes) => {
                f.write_str("#")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, parts: &[impl fmt::Display], separator: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        f.write_str(if at == 0 { "" } else { separator })?;
        part.fmt(f)?;
    }
    Ok(())
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => write!(f, "\\{c}")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            '#' if at == 0 => f.write_str("\\#")?,
            c if c.is_ascii_control() => write!(f, "\\{:02X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}
