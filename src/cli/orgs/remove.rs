//! `orgs remove`: takes a profile out of its file, and its secret from where we kept it.

use crate::app::command_context::CommandContext;
use crate::config::{ProfileOrigin, SecretSource, system_keyring};
use crate::error::{CommandError, CommandExit};

/// Remove an org profile, with the secret that `orgs add` or `orgs login` kept for it.
#[derive(Debug, clap::Args)]
pub(super) struct RemoveOrgArguments {
    profile: String,
}

pub(super) fn execute(context: &CommandContext, arguments: &RemoveOrgArguments) -> Result<CommandExit, CommandError> {
    let profile = context.config.org(&arguments.profile)?;
    let ProfileOrigin::File { path, line } = &profile.origin else {
        return Err(CommandError::usage(format!(
            "`{}` is no profile: it comes from {}",
            profile.profile, profile.origin
        ))
        .help("unset the variables, or edit okta.yaml"));
    };
    let of_file = |error: std::io::Error| CommandError::failed(format!("{}: {error}", path.display()));
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Err(CommandError::usage(format!("{} is Okta's own file, which is not changed here", path.display())));
    }
    let text = std::fs::read_to_string(path).map_err(of_file)?;
    let rest = without_table(&text, *line).ok_or_else(|| {
        CommandError::usage(format!("{}:{line} is not a table of its own: remove it by hand", path.display()))
    })?;
    std::fs::write(path, rest).map_err(of_file)?;
    forget(context, &profile.profile, profile.sign_in.secret())?;
    context.terminal.line(&format!("removed {}", profile.profile));
    Ok(CommandExit::Succeeded)
}

/// Only what we keep ourselves: a file or variable that a person named is his.
fn forget(context: &CommandContext, name: &str, secret: &SecretSource) -> Result<(), CommandError> {
    match secret {
        SecretSource::Keyring(entry) => system_keyring::forget(entry),
        SecretSource::File(path) if context.config.secret_file(name).as_ref() == Some(path) => {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(CommandError::failed(format!("{} cannot be removed: {error}", path.display())))
                }
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The text without the table whose heading is on `line` (from one), and without the tables below it.
fn without_table(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let heading = lines.get(line.checked_sub(1)?)?.trim();
    let name = heading.strip_prefix('[')?.split(']').next()?.to_owned();
    let own = format!("[{name}.");
    let after = &lines[line..];
    let length = after.iter().position(|line| line.starts_with('[') && !line.starts_with(&own)).unwrap_or(after.len());
    let kept = lines[..line - 1].iter().chain(&after[length..]);
    Some(kept.copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_goes_with_those_below_it_and_nothing_else() {
        let text = "[orgs.a]\nurl = 1\n\n[orgs.b]\nurl = 2\n[orgs.b.token]\nenv = 3\n\n[orgs.c]\nurl = 4\n";
        let rest = "[orgs.a]\nurl = 1\n\n[orgs.c]\nurl = 4\n";
        assert_eq!(without_table(text, 4).as_deref(), Some(rest));
        assert_eq!(without_table("orgs = { a = 1 }\n", 1), None);
    }
}
