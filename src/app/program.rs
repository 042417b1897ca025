//! A program that is run for what it prints: in a process group of its own, which ends with it.
//!
//! Of what it prints no more is read than is wanted, and all that it has started ends when its time
//! is over or nobody waits for it any more.

use std::{
    future::Future,
    io,
    process::{Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

/// Runs a program without input. Reads at most `most` bytes of each of its outputs; one that prints
/// more is told that nobody reads. None where `limit` comes first.
pub(super) async fn output(
    mut command: Command,
    most: usize,
    limit: impl Future<Output = ()>,
) -> io::Result<Option<Output>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let mut group = Group(child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let ended = async {
        let (stdout, stderr) = tokio::try_join!(start_of(stdout, most), start_of(stderr, most))?;
        Ok(Some(Output { status: child.wait().await?, stdout, stderr }))
    };
    tokio::select! {
        biased;
        output = ended => {
            // Once the child was waited for, its id may belong to somebody else.
            group.0 = None;
            output
        }
        () = limit => Ok(None),
    }
}

async fn start_of(pipe: Option<impl AsyncRead + Unpin>, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most as u64).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, future::pending, io::Read, path::Path, thread};

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tokio::sync::oneshot;

    use super::*;

    fn shell(script: &str, argument: &Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(argument);
        command
    }

    #[tokio::test]
    async fn what_is_printed_is_read_up_to_a_bound() {
        let run = async |script| {
            output(shell(script, Path::new("")), 10, pending()).await.unwrap().unwrap()
        };
        let said = run("echo out; echo err >&2; exit 3").await;
        assert_eq!((said.stdout, said.stderr), (b"out\n".to_vec(), b"err\n".to_vec()));
        assert_eq!(said.status.code(), Some(3));
        assert_eq!(run("yes").await.stdout, b"y\ny\ny\ny\ny\n");
    }

    #[tokio::test]
    async fn what_it_started_ends_with_it() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let (begun, limit) = oneshot::channel();
        let (gone, heard) = oneshot::channel();
        let reader = pipe.clone();
        thread::spawn(move || {
            // The grandchild has opened the other end; it is closed when the last one has ended.
            let mut file = File::open(reader).unwrap();
            begun.send(()).unwrap();
            let _ = gone.send(file.read_to_end(&mut Vec::new()));
        });
        let script = "(exec 3> \"$1\"; cat /dev/zero > /dev/null) & wait";
        let limit = async { limit.await.unwrap() };
        assert!(output(shell(script, &pipe), 10, limit).await.unwrap().is_none());
        assert_eq!(heard.await.unwrap().unwrap(), 0);
    }
}
