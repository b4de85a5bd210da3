//! Signals that ask the process to end: Ctrl-C, those of a service manager or a CI job, and that the terminal is gone.

use std::io;

use tokio::runtime::Runtime;

/// What asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// Ctrl-C, or Ctrl-Break.
    Interrupt,
    /// SIGTERM, or the shutdown of the system.
    Terminate,
    /// The terminal is gone, or its window is closed.
    HangUp,
}

impl StopSignal {
    /// How it is said in a message; nothing for what a person at the terminal just did.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Interrupt => None,
            Self::Terminate => Some("asked to end (SIGTERM)"),
            Self::HangUp => Some("the terminal is gone (SIGHUP)"),
        }
    }

    /// Whether a second signal leaves at once. A terminal that goes may say so more than once, by its shell and by the system.
    pub(crate) fn is_urgent(self) -> bool {
        self != Self::HangUp
    }
}

/// Listens from the moment that it is made: what arrives before it is asked for is kept.
pub(crate) struct StopSignals {
    inner: platform::PlatformSignals,
}

impl StopSignals {
    /// # Errors
    /// The system does not let the process listen.
    pub(crate) fn listen(runtime: &Runtime) -> io::Result<Self> {
        let _entered = runtime.enter();
        let inner = platform::PlatformSignals::listen()?;
        Ok(Self { inner })
    }

    /// The next signal; waits for ever where none comes.
    pub(crate) async fn next(&mut self) -> StopSignal {
        self.inner.next().await
    }
}

#[cfg(unix)]
mod platform {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::StopSignal;

    pub(crate) struct PlatformSignals {
        interrupt: Signal,
        terminate: Option<Signal>,
        hang_up: Option<Signal>,
    }

    impl PlatformSignals {
        /// What the process was told to ignore when it was started, as `nohup` does, stays ignored.
        pub(crate) fn listen() -> io::Result<Self> {
            let unless_ignored = |kind: SignalKind| {
                let wanted = !is_ignored(kind.as_raw_value());
                wanted.then(|| signal(kind)).transpose()
            };
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: unless_ignored(SignalKind::terminate())?,
                hang_up: unless_ignored(SignalKind::hangup())?,
            })
        }

        pub(crate) async fn next(&mut self) -> StopSignal {
            tokio::select! {
                Some(()) = self.interrupt.recv() => StopSignal::Interrupt,
                Some(()) = receive_signal(&mut self.terminate) => StopSignal::Terminate,
                Some(()) = receive_signal(&mut self.hang_up) => StopSignal::HangUp,
                else => std::future::pending().await,
            }
        }
    }

    async fn receive_signal(signal: &mut Option<Signal>) -> Option<()> {
        signal.as_mut()?.recv().await
    }

    /// Only Linux tells this without unsafe code; elsewhere nothing counts as ignored.
    fn is_ignored(number: i32) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("SigIgn:"))
            .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        let bit = u32::try_from(number - 1).ok().and_then(|bit| 1_u64.checked_shl(bit));
        mask.zip(bit).is_some_and(|(mask, bit)| mask & bit != 0)
    }
}

#[cfg(windows)]
mod platform {
    use std::io;

    use tokio::signal::windows::{
        CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close, ctrl_logoff,
        ctrl_shutdown,
    };

    use super::StopSignal;

    pub(crate) struct PlatformSignals {
        interrupt: CtrlC,
        stop: CtrlBreak,
        close: CtrlClose,
        leave: CtrlLogoff,
        shutdown: CtrlShutdown,
    }

    impl PlatformSignals {
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: ctrl_c()?,
                stop: ctrl_break()?,
                close: ctrl_close()?,
                leave: ctrl_logoff()?,
                shutdown: ctrl_shutdown()?,
            })
        }

        pub(crate) async fn next(&mut self) -> StopSignal {
            tokio::select! {
                Some(()) = self.interrupt.recv() => StopSignal::Interrupt,
                Some(()) = self.stop.recv() => StopSignal::Interrupt,
                Some(()) = self.close.recv() => StopSignal::HangUp,
                Some(()) = self.leave.recv() => StopSignal::Terminate,
                Some(()) = self.shutdown.recv() => StopSignal::Terminate,
                else => std::future::pending().await,
            }
        }
    }
}
