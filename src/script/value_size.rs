//! How much a script value is: bytes, and levels of lists and maps within lists and maps.
//!
//! Copying, comparing, showing and dropping a value goes down its levels one call in another, so that a value of many thousand levels
//! takes minutes to build and the whole stack to drop.

use std::cell::Cell;
use std::fmt;

use rhai::{Dynamic, Map};

/// The most levels of a value. JSON that is read has 128 at most.
pub(super) const MOST_DEPTH: usize = 200;

/// The most parts of a value that are looked at to find out whether it is too deep: this is done often.
const MOST_LOOKS: usize = 4 * MOST_DEPTH;

/// Where it is looked for deeper values, from both ends of a list or map.
const MOST_NEIGHBOURS: usize = 4;

/// One use of a variable in so many is one at which the value is checked.
const USES_A_LOOK: u32 = 4;

/// What a list entry and a map entry take beside what they hold.
const ITEM: usize = 16;
const ENTRY: usize = 48;

/// In what a value is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMuch {
    /// It is more bytes than this.
    Bytes(usize),
    Depth,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(most) => write!(f, "this would make more than {most} bytes, the most that one call may make"),
            Self::Depth => write!(
                f,
                "a value nests more than {MOST_DEPTH} levels of lists and maps, the most that a value may have"
            ),
        }
    }
}

/// About the bytes of a value. It is looked at no further than up to `most`.
pub(super) fn size_of_value(value: &Dynamic, most: usize) -> Result<usize, TooMuch> {
    let mut left = most;
    count(value, &mut left, 0).map_err(|much| match much {
        TooMuch::Bytes(_) => TooMuch::Bytes(most),
        TooMuch::Depth => much,
    })?;
    Ok(most - left)
}

fn count(value: &Dynamic, left: &mut usize, depth: usize) -> Result<(), TooMuch> {
    if depth > MOST_DEPTH {
        return Err(TooMuch::Depth);
    }
    take_bytes(left, ITEM)?;
    if let Ok(text) = value.as_immutable_string_ref() {
        return take_bytes(left, text.len());
    }
    if let Ok(bytes) = value.as_blob_ref() {
        return take_bytes(left, bytes.len());
    }
    if let Ok(list) = value.as_array_ref() {
        return list.iter().try_for_each(|item| count(item, left, depth + 1));
    }
    if let Ok(map) = value.as_map_ref() {
        return map.iter().try_for_each(|(key, value)| {
            take_bytes(left, key.len() + ENTRY)?;
            count(value, left, depth + 1)
        });
    }
    Ok(())
}

fn take_bytes(left: &mut usize, bytes: usize) -> Result<(), TooMuch> {
    *left = left.checked_sub(bytes).ok_or(TooMuch::Bytes(bytes))?;
    Ok(())
}

thread_local! {
    /// Uses of variables by the script or the lane that this thread executes.
    static VARIABLE_USES: Cell<u32> = const { Cell::new(0) };
}

/// Counts the uses of variables from the first again, so that a script or a lane that is executed once more is checked at the same uses.
pub(super) fn begin_uses() {
    VARIABLE_USES.set(0);
}

/// Whether this use of a variable is one at which the value is checked. Multiples of the golden ratio tell, so that no loop is passed by,
/// however many variables it uses.
pub(super) fn is_looked_at() -> bool {
    let used = VARIABLE_USES.replace(VARIABLE_USES.get().wrapping_add(1));
    used.wrapping_mul(0x9E37_79B9) < u32::MAX / USES_A_LOOK
}

/// Whether a value is found to nest too deeply by a short look: along the first and the last values of each level. A value that is
/// captured by a closure is not looked into: it is looked at by itself.
pub(super) fn is_too_deep(value: &Dynamic) -> bool {
    let mut looks = MOST_LOOKS;
    goes_deeper(value, MOST_DEPTH, &mut looks)
}

fn goes_deeper(value: &Dynamic, levels: usize, looks: &mut usize) -> bool {
    if *looks == 0 {
        return false;
    }
    *looks -= 1;
    if value.is_map() {
        return value.as_map_ref().is_ok_and(|map| any_deeper(Map::values(&map), map.len(), levels, looks));
    }
    value.is_array() && value.as_array_ref().is_ok_and(|list| any_deeper(list.iter(), list.len(), levels, looks))
}

fn any_deeper<'a>(
    mut values: impl DoubleEndedIterator<Item = &'a Dynamic>,
    count: usize,
    levels: usize,
    looks: &mut usize,
) -> bool {
    if levels == 0 {
        return true;
    }
    let mut goes = |value: &Dynamic| holds_values(value) && goes_deeper(value, levels - 1, looks);
    if count <= 2 * MOST_NEIGHBOURS {
        return values.any(&mut goes);
    }
    values.by_ref().take(MOST_NEIGHBOURS).any(&mut goes) || values.rev().take(MOST_NEIGHBOURS).any(goes)
}

fn holds_values(value: &Dynamic) -> bool {
    !value.is_shared() && (value.is_array() || value.is_map())
}

#[cfg(test)]
mod tests {
    use rhai::Array;

    use super::*;

    fn nest_levels(levels: usize) -> Dynamic {
        (0..levels).fold(Dynamic::UNIT, |inner, level| {
            if level % 2 == 0 {
                Dynamic::from_array(vec![1.into(), inner, 2.into()])
            } else {
                Dynamic::from_map([("a".into(), inner)].into())
            }
        })
    }

    #[test]
    fn what_nests_too_deeply_is_found() {
        assert!(!is_too_deep(&nest_levels(MOST_DEPTH)));
        assert!(is_too_deep(&nest_levels(MOST_DEPTH + 1)));
        assert_eq!(size_of_value(&nest_levels(2 * MOST_DEPTH), usize::MAX), Err(TooMuch::Depth));
        assert!(size_of_value(&nest_levels(MOST_DEPTH), usize::MAX).is_ok());
    }

    #[test]
    fn no_loop_is_passed_by() {
        begin_uses();
        let looked_at: Vec<bool> = (0..10_000).map(|_| is_looked_at()).collect();
        for uses in 1..=50 {
            for first in 0..uses {
                let mut loops = looked_at[first..].chunks(uses).map(|uses| uses[0]);
                assert!(loops.by_ref().take(100).any(|looked_at| looked_at), "use {first} of {uses}");
            }
        }
    }

    #[test]
    fn a_wide_value_is_looked_at_for_a_moment_only() {
        let row: Dynamic = Dynamic::from_array(vec![nest_levels(3); 8]);
        let rows: Array = vec![row; 1000];
        let mut looks = MOST_LOOKS;
        assert!(!goes_deeper(&rows.into(), MOST_DEPTH, &mut looks));
    }

    #[test]
    fn bytes_are_counted_up_to_the_bound() {
        let texts = Dynamic::from_array(vec!["x".repeat(1000).into(); 10]);
        assert!((10_000..11_000).contains(&size_of_value(&texts, 1 << 20).expect("a size")));
        assert_eq!(size_of_value(&texts, 5_000), Err(TooMuch::Bytes(5_000)));
    }
}
