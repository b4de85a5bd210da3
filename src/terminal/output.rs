//! The two streams, written line by line under a lock.

use std::io::{ErrorKind, Result, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Standard output and standard error, or what a test puts in their place.
pub(super) struct TerminalOutput {
    streams: Mutex<OutputStreams>,
}

struct OutputStreams {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Whether what is written to `out` still arrives anywhere.
    heard: bool,
}

impl TerminalOutput {
    pub(super) fn new(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self { streams: Mutex::new(OutputStreams { out: Box::new(out), err: Box::new(err), heard: true }) }
    }

    /// A line of the result. After a first failure nothing more is tried; a failure other than a reader that has
    /// gone, such as a full disk, is told once.
    pub(super) fn result(&self, text: &str) {
        let mut streams = self.lock();
        if !streams.heard {
            return;
        }
        if let Err(error) = write_line(&mut streams.out, text) {
            streams.heard = false;
            if error.kind() != ErrorKind::BrokenPipe {
                let said = format!("warning: no more output can be written: {error}");
                last_resort(write_line(&mut streams.err, &said));
            }
        }
    }

    /// A line beside the result.
    pub(super) fn aside(&self, text: &str) {
        last_resort(write_line(&mut self.lock().err, text));
    }

    /// A thread that panicked while writing has at worst left half a line.
    fn lock(&self) -> MutexGuard<'_, OutputStreams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_line(stream: &mut dyn Write, text: &str) -> Result<()> {
    // One write for the whole line, since other processes may share the terminal.
    stream.write_all(format!("{text}\n").as_bytes())?;
    stream.flush()
}

/// When standard error cannot be written there is nobody left to tell.
fn last_resort(_: Result<()>) {}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct FullStream;

    impl Write for FullStream {
        fn write(&mut self, _: &[u8]) -> Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    struct OutputChannel(mpsc::Sender<String>);

    impl Write for OutputChannel {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn output_that_cannot_be_written_is_told_once() {
        let (sender, receiver) = mpsc::channel();
        let output = TerminalOutput::new(FullStream, OutputChannel(sender));
        output.result("a");
        output.result("b");
        let told: Vec<_> = receiver.try_iter().collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("warning: no more output can be written: "), "{told:?}");
    }
}
