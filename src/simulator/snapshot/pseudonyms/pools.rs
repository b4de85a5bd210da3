//! Words to choose from: letters only, so that two of them are never taken for one, or one for two.

use super::super::super::names;
use super::forms::WordRole;

/// What is neither a name of a person nor the end of a domain.
const NEUTRAL: &[&str] = &[
    "birch", "maple", "cedar", "willow", "aspen", "rowan", "hazel", "linden", "alder", "larch", "amber", "coral",
    "granite", "basalt", "quartz", "slate", "flint", "marble", "topaz", "garnet", "river", "meadow", "harbor",
    "valley", "ridge", "canyon", "glacier", "lagoon", "prairie", "tundra", "falcon", "heron", "otter", "badger",
    "lynx", "osprey", "plover", "marten", "curlew", "dunlin", "copper", "silver", "nickel", "cobalt", "bronze",
    "indigo", "crimson", "saffron", "ochre", "teal", "breeze", "thunder", "drizzle", "frost", "ember", "comet",
    "nebula", "quasar", "zenith", "aurora",
];

/// Ends of domains that are nobody's (RFC 2606).
const RESERVED: &[&str] = &["example", "test", "invalid"];

/// Number `index` of a pool: single words first, then two in one, and so on.
pub(super) fn word(role: WordRole, index: usize) -> String {
    match role {
        WordRole::Given => compound(&names::given_names(), index),
        WordRole::Family => compound(&names::family(), index),
        WordRole::End => compound(RESERVED, index),
        WordRole::Part | WordRole::Literal => compound(NEUTRAL, index),
    }
}

fn compound(pool: &[&str], index: usize) -> String {
    let mut rest = index;
    let mut word = pool[rest % pool.len()].to_owned();
    rest /= pool.len();
    while rest > 0 {
        rest -= 1;
        word.push_str(pool[rest % pool.len()]);
        rest /= pool.len();
    }
    word
}
