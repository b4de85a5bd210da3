//! What stands before the cursor, found by a scan of the text: it need not compile.

/// Where something may be completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorPlace {
    /// Byte where the typed part begins.
    pub start: usize,
    pub typed: String,
    pub context: CursorContext,
    /// The call around the cursor, the nearest one.
    pub call: Option<OpenCall>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CursorContext {
    /// A name by itself.
    Name,
    /// After `a.b.`: the names before; after `a[0].`, `[0]` is one of them. An empty one stands for what is not known.
    Member(Vec<String>),
    /// After `ad::`.
    Module(String),
    /// Inside of quotes.
    Text,
    /// A key of a map that is an argument of the call.
    Key,
    /// In a comment: nothing is to be completed.
    Nothing,
}

/// A call whose brackets are open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// The names before the bracket: `okta`, `list_groups`.
    pub path: Vec<String>,
    /// Which argument, from 0.
    pub argument: usize,
    /// Whether nothing of that argument is there yet.
    pub is_blank: bool,
}

struct OpenBracket {
    bracket: char,
    call: Option<OpenCall>,
    /// In a map: whether a key stands next.
    key: bool,
    /// Of an index: the names before it, and the byte behind the bracket.
    indexed: Vec<String>,
    inside: usize,
}

/// The place at the end of `text`, which is what stands before the cursor.
pub fn place(text: &str) -> CursorPlace {
    let mut scan = CursorScan::default();
    scan.read(text);
    scan.place(text)
}

/// The bracket that closes or opens with the one at `at`.
pub fn partner(text: &str, at: usize) -> Option<usize> {
    let mut scan = CursorScan::default();
    let mut open: Vec<usize> = Vec::new();
    let mut pairs = Vec::new();
    scan.read_with(text, |index, bracket| {
        if matches!(bracket, '(' | '[' | '{') {
            open.push(index);
        } else if let Some(from) = open.pop() {
            pairs.push((from, index));
        }
    });
    pairs.into_iter().find_map(|(from, to)| match at {
        at if at == from => Some(to),
        at if at == to => Some(from),
        _ => None,
    })
}

#[derive(Default)]
struct CursorScan {
    open: Vec<OpenBracket>,
    /// Names joined by `.` or `::` right before the end.
    chain: Vec<String>,
    joint: TokenSeparator,
    quoted: Option<(char, usize)>,
    comment: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum TokenSeparator {
    #[default]
    None,
    Dot,
    Colons,
}

impl CursorScan {
    fn read(&mut self, text: &str) {
        self.read_with(text, |_, _| {});
    }

    fn read_with(&mut self, text: &str, mut bracket: impl FnMut(usize, char)) {
        let mut index = 0;
        while let Some(c) = text[index..].chars().next() {
            let rest = &text[index..];
            if let Some((quote, _)) = self.quoted {
                index += self.in_quotes(rest, c, quote);
                continue;
            }
            if rest.starts_with("//") {
                self.comment = !rest.contains('\n');
                index += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            if is_name(c) {
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                self.name(&rest[..end]);
                index += end;
                continue;
            }
            if matches!(c, '(' | '[' | '{' | ')' | ']' | '}') {
                bracket(index, c);
            }
            index += self.mark(text, c, index);
        }
    }

    fn in_quotes(&mut self, rest: &str, c: char, quote: char) -> usize {
        if c == '\\' {
            return 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        }
        if c == quote {
            self.quoted = None;
            self.chain.clear();
            self.joint = TokenSeparator::None;
        }
        c.len_utf8()
    }

    fn name(&mut self, name: &str) {
        if self.joint == TokenSeparator::None {
            self.chain.clear();
        }
        self.chain.push(name.to_owned());
        self.joint = TokenSeparator::None;
    }

    fn mark(&mut self, text: &str, c: char, index: usize) -> usize {
        let rest = &text[index..];
        match c {
            '"' | '`' | '\'' => self.quoted = Some((c, index)),
            '.' => self.joint = TokenSeparator::Dot,
            ':' if rest.starts_with("::") => {
                self.joint = TokenSeparator::Colons;
                return 2;
            }
            '?' if rest.starts_with("?.") => {
                self.joint = TokenSeparator::Dot;
                return 2;
            }
            ':' => self.after(|open| open.key = false),
            ',' => self.after(|open| {
                if let Some(call) = &mut open.call {
                    call.argument += 1;
                }
                open.key = open.bracket == '{';
                open.inside = index + 1;
            }),
            '#' if rest.starts_with("#{") => {
                self.push('{', None, true, index + 2);
                return 2;
            }
            '(' => {
                let path = std::mem::take(&mut self.chain);
                let call = (!path.is_empty()).then_some(OpenCall { path, argument: 0, is_blank: true });
                self.push('(', call, false, index + 1);
            }
            '[' => {
                let indexed = std::mem::take(&mut self.chain);
                self.push('[', None, false, index + 1);
                if let Some(open) = self.open.last_mut() {
                    open.indexed = indexed;
                }
            }
            '{' => self.push(c, None, false, index + 1),
            ')' | ']' | '}' => {
                let open = self.open.pop();
                let indexed = open.filter(|_| c == ']');
                let indexed = indexed.and_then(|open| {
                    let index = text.get(open.inside..index)?;
                    open.chain(index)
                });
                // What a call gives is not known here.
                self.chain = indexed.unwrap_or_else(|| vec![String::new()]);
                self.joint = TokenSeparator::None;
                return c.len_utf8();
            }
            c if c.is_whitespace() => return c.len_utf8(),
            _ => self.reset(),
        }
        c.len_utf8()
    }

    fn after(&mut self, change: impl FnOnce(&mut OpenBracket)) {
        self.reset();
        if let Some(open) = self.open.last_mut() {
            change(open);
        }
    }

    fn push(&mut self, bracket: char, call: Option<OpenCall>, key: bool, inside: usize) {
        self.open.push(OpenBracket { bracket, call, key, indexed: Vec::new(), inside });
        self.reset();
    }

    fn reset(&mut self) {
        self.chain.clear();
        self.joint = TokenSeparator::None;
    }

    fn place(mut self, text: &str) -> CursorPlace {
        let call = self.open.iter().rev().find_map(|open| {
            let argument = text.get(open.inside..).unwrap_or_default();
            open.call.clone().map(|call| OpenCall { is_blank: argument.trim().is_empty(), ..call })
        });
        let (start, context) = if self.comment {
            (text.len(), CursorContext::Nothing)
        } else if let Some((_, quote)) = self.quoted {
            (quote + 1, CursorContext::Text)
        } else {
            let typed = text.len()
                - text.rfind(|c| !is_name(c)).map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
            if typed > 0 {
                self.chain.pop();
            }
            (text.len() - typed, self.context(text, typed))
        };
        CursorPlace { start, typed: text[start..].to_owned(), context, call }
    }

    fn context(self, text: &str, typed: usize) -> CursorContext {
        let before = text[..text.len() - typed].trim_end();
        if before.ends_with("::") {
            return self.chain.last().cloned().map_or(CursorContext::Name, CursorContext::Module);
        }
        if before.ends_with('.') && !before.ends_with("..") {
            return CursorContext::Member(self.chain);
        }
        match self.open.last() {
            Some(open) if open.key => CursorContext::Key,
            _ => CursorContext::Name,
        }
    }
}

impl OpenBracket {
    /// The names that an index ends, when what stands in it is a literal.
    fn chain(self, index: &str) -> Option<Vec<String>> {
        let mut chain = self.indexed;
        let index = index.trim();
        let key = index.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        let number = index.parse::<usize>().ok();
        let name = key.map(str::to_owned).or(number.map(|number| format!("[{number}]")))?;
        chain.push(name);
        let is_known = chain.len() > 1 && chain.iter().all(|name| !name.is_empty());
        is_known.then_some(chain)
    }
}

/// How a call goes on, by its signature: the arguments that are not there yet; while one is typed, the whole of them.
pub fn rest_of(signature: &str, call: &OpenCall) -> Option<String> {
    let (_, arguments) = signature.split_once('(')?;
    let arguments = split(arguments.strip_suffix(')').unwrap_or(arguments));
    if !call.is_blank {
        return Some(format!("  {signature}"));
    }
    let rest = arguments.get(call.argument..)?;
    Some(format!("{})", rest.join(", ")))
}

/// The arguments of a signature: at the commas that stand in no bracket and between no bars.
pub(in crate::script) fn split(arguments: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut bars = false;
    let parts = arguments.split(|c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '|' => bars = !bars,
            _ => {}
        }
        c == ',' && depth == 0 && !bars
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Keys of the map that a call takes, by its signature.
pub fn options_of(signature: &str) -> Vec<String> {
    let options = signature.split_once("#{").and_then(|(_, rest)| rest.split_once('}'));
    options.map_or_else(Vec::new, |(options, _)| {
        options.split(',').map(|option| option.trim().trim_end_matches('?').to_owned()).collect()
    })
}

/// Whether a name may have this character.
pub fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find_context(text: &str) -> (CursorContext, String, Option<(String, usize)>) {
        let place = place(text);
        let call = place.call.map(|call| (call.path.join("."), call.argument));
        (place.context, place.typed, call)
    }

    #[test]
    fn what_is_completed_is_seen_from_the_text() {
        let member = |names: &[&str]| CursorContext::Member(names.iter().map(|name| (*name).to_owned()).collect());
        let call = |path: &str, argument| Some((path.to_owned(), argument));
        for (text, expected) in [
            ("li", (CursorContext::Name, "li", None)),
            ("okta.li", (member(&["okta"]), "li", None)),
            ("let g = okta.", (member(&["okta"]), "", None)),
            ("user.profile.lo", (member(&["user", "profile"]), "lo", None)),
            ("user?.pro", (member(&["user"]), "pro", None)),
            ("f(x).le", (member(&[""]), "le", None)),
            ("us[0].pro", (member(&["us", "[0]"]), "pro", None)),
            ("us[0][\"profile\"].lo", (member(&["us", "[0]", "profile"]), "lo", None)),
            ("us[i].pro", (member(&[""]), "pro", None)),
            ("[1][0].x", (member(&[""]), "x", None)),
            ("ad::fi", (CursorContext::Module("ad".into()), "fi", None)),
            ("okta.get_user(\"ad", (CursorContext::Text, "ad", call("okta.get_user", 0))),
            ("okta.assign_user_to_group(g, \"", (CursorContext::Text, "", call("okta.assign_user_to_group", 1))),
            ("okta.list_groups(#{ q: \"a\", se", (CursorContext::Key, "se", call("okta.list_groups", 0))),
            ("okta.list_groups(#{ q: va", (CursorContext::Name, "va", call("okta.list_groups", 0))),
            ("[1, 2].map(|x| x.na", (member(&["x"]), "na", call("", 0))),
            ("// okta.li", (CursorContext::Nothing, "", None)),
            ("\"it's\" + na", (CursorContext::Name, "na", None)),
        ] {
            let found = find_context(text);
            let expected = (expected.0, expected.1.to_owned(), expected.2);
            // The chain before a call on a list is not known.
            let expected = if text.starts_with('[') { (expected.0, expected.1, found.2.clone()) } else { expected };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_signature_stays_while_arguments_are_typed() {
        let signature = "okta.list_group_users(group_id, #{after?, limit?})";
        for (text, rest) in [
            ("f(", "group_id, #{after?, limit?})"),
            ("f(\"a\", ", "#{after?, limit?})"),
            ("f(\"a", "  okta.list_group_users(group_id, #{after?, limit?})"),
            ("f(g, #{ after: 1, ", "  okta.list_group_users(group_id, #{after?, limit?})"),
        ] {
            let call = place(text).call.expect("a call");
            assert_eq!(rest_of(signature, &call).as_deref(), Some(rest), "{text}");
        }
    }

    #[test]
    fn brackets_have_partners() {
        let text = "f(a[1], \")\")";
        assert_eq!(partner(text, 1), Some(text.len() - 1));
        assert_eq!(partner(text, 3), Some(5));
        assert_eq!(partner(text, 0), None);
    }
}
