//! Names of made-up people: from many languages, each with the ASCII form that logins take. The n-th person is always the same.

/// Given names and their ASCII forms.
const GIVEN: &[(&str, &str)] = &[
    ("Aaliyah", "aaliyah"),
    ("Agnieszka", "agnieszka"),
    ("Aiko", "aiko"),
    ("Alejandro", "alejandro"),
    ("Amina", "amina"),
    ("Anaïs", "anais"),
    ("Anders", "anders"),
    ("Aoife", "aoife"),
    ("Arjun", "arjun"),
    ("Ayşe", "ayse"),
    ("Bálint", "balint"),
    ("Björn", "bjoern"),
    ("Camila", "camila"),
    ("Chidi", "chidi"),
    ("Dmitri", "dmitri"),
    ("Eleni", "eleni"),
    ("Elif", "elif"),
    ("Emeka", "emeka"),
    ("Fatima", "fatima"),
    ("François", "francois"),
    ("Giulia", "giulia"),
    ("Grace", "grace"),
    ("Hana", "hana"),
    ("Hassan", "hassan"),
    ("Hiroshi", "hiroshi"),
    ("Ingrid", "ingrid"),
    ("Ivana", "ivana"),
    ("Jean-Luc", "jean-luc"),
    ("João", "joao"),
    ("Jürgen", "juergen"),
    ("Kwame", "kwame"),
    ("Lars", "lars"),
    ("Leila", "leila"),
    ("Linh", "linh"),
    ("Łukasz", "lukasz"),
    ("Mads", "mads"),
    ("Maria", "maria"),
    ("Mateo", "mateo"),
    ("Mei", "mei"),
    ("Mihai", "mihai"),
    ("Nadia", "nadia"),
    ("Ngozi", "ngozi"),
    ("Noor", "noor"),
    ("Olga", "olga"),
    ("Oluwaseun", "oluwaseun"),
    ("Paolo", "paolo"),
    ("Priya", "priya"),
    ("Rafael", "rafael"),
    ("Rosa", "rosa"),
    ("Samuel", "samuel"),
    ("Sinéad", "sinead"),
    ("Sofia", "sofia"),
    ("Søren", "soeren"),
    ("Tariq", "tariq"),
    ("Thandiwe", "thandiwe"),
    ("Tomás", "tomas"),
    ("Valentina", "valentina"),
    ("Wei", "wei"),
    ("Yusuf", "yusuf"),
    ("Zoë", "zoe"),
    ("Zuzana", "zuzana"),
];

/// Family names and their ASCII forms. Apostrophes, hyphens, spaces and a comma are there to be escaped and quoted.
const FAMILY: &[(&str, &str)] = &[
    ("Abdi", "abdi"),
    ("Adeyemi", "adeyemi"),
    ("Álvarez", "alvarez"),
    ("Andersson", "andersson"),
    ("Bianchi", "bianchi"),
    ("Böhm", "boehm"),
    ("Castillo", "castillo"),
    ("Çelik", "celik"),
    ("Chukwu", "chukwu"),
    ("Costa", "costa"),
    ("D'Angelo", "dangelo"),
    ("da Silva", "dasilva"),
    ("de Vries", "devries"),
    ("Diallo", "diallo"),
    ("Dvořák", "dvorak"),
    ("Eriksen", "eriksen"),
    ("Fernández", "fernandez"),
    ("Fischer", "fischer"),
    ("García-López", "garcia-lopez"),
    ("Gupta", "gupta"),
    ("Haddad", "haddad"),
    ("Hansen", "hansen"),
    ("Horvat", "horvat"),
    ("Ibrahim", "ibrahim"),
    ("Ionescu", "ionescu"),
    ("Ivanova", "ivanova"),
    ("Jansen", "jansen"),
    ("Kaya", "kaya"),
    ("Kim", "kim"),
    ("King, Jr.", "king"),
    ("Kowalska", "kowalska"),
    ("Kumar", "kumar"),
    ("Lefèvre", "lefevre"),
    ("Lindqvist", "lindqvist"),
    ("MacLeod", "macleod"),
    ("Martins", "martins"),
    ("Mbeki", "mbeki"),
    ("Mensah", "mensah"),
    ("Moreau", "moreau"),
    ("Müller", "mueller"),
    ("Nagy", "nagy"),
    ("Nakamura", "nakamura"),
    ("Nguyen", "nguyen"),
    ("Nkosi", "nkosi"),
    ("O'Brien", "obrien"),
    ("Ó Conaill", "oconaill"),
    ("Ortiz", "ortiz"),
    ("Papadopoulos", "papadopoulos"),
    ("Park", "park"),
    ("Petrov", "petrov"),
    ("Reyes", "reyes"),
    ("Rossi", "rossi"),
    ("Sato", "sato"),
    ("Schmidt", "schmidt"),
    ("Sharma", "sharma"),
    ("Smith-Jones", "smith-jones"),
    ("Tanaka", "tanaka"),
    ("Virtanen", "virtanen"),
    ("Wójcik", "wojcik"),
    ("Yılmaz", "yilmaz"),
    ("Zhang", "zhang"),
];

/// The people that examples speak of.
const EXAMPLES: &[(&str, &str, &str)] =
    &[("Ada", "Novak", "ada.novak"), ("Ben", "Okafor", "ben.okafor"), ("Chloé", "Dubois", "chloe.dubois")];

/// Given names in letters of ASCII alone.
pub(super) fn given_names() -> Vec<&'static str> {
    plain_names(GIVEN)
}

/// Family names in letters of ASCII alone.
pub(super) fn family() -> Vec<&'static str> {
    plain_names(FAMILY)
}

fn plain_names(names: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let ascii = names.iter().map(|(_, ascii)| *ascii);
    ascii.filter(|name| name.chars().all(|letter| letter.is_ascii_alphabetic())).collect()
}

/// A made-up person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InventedPerson {
    pub(super) given: String,
    pub(super) family: String,
    /// Local part of the login, ASCII in lower case.
    pub(super) login: String,
    /// `sAMAccountName`: at most 20 characters.
    pub(super) account: String,
}

impl InventedPerson {
    /// Number `index`. No two have the same login, account name or full name.
    pub(super) fn number(index: usize) -> Self {
        match EXAMPLES.get(index) {
            Some((given, family, login)) => Self {
                given: (*given).to_owned(),
                family: (*family).to_owned(),
                login: (*login).to_owned(),
                account: account(given, login.split('.').next_back().unwrap_or_default(), None),
            },
            None => Self::generated(index - EXAMPLES.len()),
        }
    }

    /// First all pairs of names, then all with a second given name, then again with numbers.
    fn generated(index: usize) -> Self {
        let pairs = GIVEN.len() * FAMILY.len();
        let triples = pairs * GIVEN.len();
        let (round, index) = match index.checked_sub(pairs) {
            None => (0, index),
            Some(beyond) => (1 + beyond / triples, beyond % triples),
        };
        let (pair, second) = (spread_index(index % pairs, pairs), index / pairs);
        let (given, family) = (GIVEN[pair / FAMILY.len()], FAMILY[pair % FAMILY.len()]);
        let second = (round > 0).then(|| GIVEN[second]);
        let number = (round > 1).then_some(round);
        Self::of(given, second, family, number, index + round.saturating_sub(1) * triples + round.min(1) * pairs)
    }

    fn of(
        given: (&str, &str),
        second: Option<(&str, &str)>,
        family: (&str, &str),
        number: Option<usize>,
        index: usize,
    ) -> Self {
        let (more, more_ascii) =
            second.map_or_else(Default::default, |(name, ascii)| (format!(" {name}"), format!(".{ascii}")));
        let (suffix, suffix_ascii) =
            number.map_or_else(Default::default, |number| (format!(" {number}"), number.to_string()));
        Self {
            given: format!("{}{more}", given.0),
            family: format!("{}{suffix}", family.0),
            login: format!("{}{more_ascii}.{}{suffix_ascii}", given.1, family.1),
            account: account(given.1, family.1, Some(index)),
        }
    }
}

/// Spreads 0..modulus over itself, so that neighbours share no name. 1,543 is prime, and no factor of the number of pairs.
fn spread_index(index: usize, modulus: usize) -> usize {
    index * 1543 % modulus
}

/// First letter, ten letters of the family name, and the number that makes it unique.
fn account(given: &str, family: &str, number: Option<usize>) -> String {
    let letters = given.chars().take(1).chain(family.chars().filter(char::is_ascii_alphabetic).take(10));
    let number = number.map(|number| number.to_string()).unwrap_or_default();
    letters.map(|letter| letter.to_ascii_lowercase()).chain(number.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_is_made_twice() {
        let count = GIVEN.len() * FAMILY.len() * (GIVEN.len() + 2);
        let people: Vec<InventedPerson> = (0..count).map(InventedPerson::number).collect();
        let distinct = |name: fn(&InventedPerson) -> String| people.iter().map(name).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|person| person.login.clone()), count);
        assert_eq!(distinct(|person| person.account.clone()), count);
        assert_eq!(distinct(|person| format!("{} {}", person.given, person.family)), count);
        assert!(people.iter().all(|person| person.account.len() <= 20 && person.login.is_ascii()));
    }

    #[test]
    fn the_first_three_are_the_examples() {
        let logins: Vec<String> = (0..3).map(|index| InventedPerson::number(index).login).collect();
        assert_eq!(logins, ["ada.novak", "ben.okafor", "chloe.dubois"]);
        assert_eq!(InventedPerson::number(0).account, "anovak");
    }
}
