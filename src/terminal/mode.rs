//! How the terminal is set, for when a question is left that had changed that.

/// The settings of the terminal at one time.
#[derive(Clone)]
pub struct SavedMode {
    #[cfg(unix)]
    settings: Option<nix::sys::termios::Termios>,
}

#[cfg(unix)]
impl SavedMode {
    /// Those of now; none where standard input is no terminal.
    pub fn of_now() -> Self {
        let settings = nix::sys::termios::tcgetattr(std::io::stdin()).ok();
        Self { settings }
    }

    /// Sets the terminal as it was. A terminal that is gone needs nothing.
    pub fn restore(&self) {
        use nix::sys::termios::{SetArg, tcsetattr};
        if let Some(settings) = &self.settings {
            let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, settings);
        }
    }
}

/// A console takes its settings back with the process.
#[cfg(not(unix))]
impl SavedMode {
    /// Those of now.
    pub fn of_now() -> Self {
        Self {}
    }

    /// Nothing is to be set.
    pub fn restore(&self) {}
}
