//! The service: what is written for systemd, what it is asked, and what is said of it.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::{
    machine::{Machine, stderr, stdout},
    support::wait::until,
};

/// A systemd that takes everything and writes down what it was asked.
fn manage(machine: &Machine, state: &str) {
    let log = machine.home().join("asked");
    let log = log.display();
    machine.fake(
        "systemctl",
        &format!(
            "echo \"systemctl $*\" >> {log}\ncase \"$*\" in *' show '*) printf '{state}';; esac"
        ),
    );
    machine.fake("journalctl", "echo \"journalctl $*\"");
    machine.fake(
        "loginctl",
        &format!("echo \"loginctl $*\" >> {log}\ncase \"$1\" in show-user) echo no;; esac"),
    );
}

fn asked(machine: &Machine) -> Vec<String> {
    let log = machine.home().join("asked");
    let text = fs::read_to_string(&log).unwrap_or_default();
    let _ = fs::remove_file(log);
    text.lines().map(str::to_owned).collect()
}

const RUNS: &str =
    "ActiveState=active\\nSubState=running\\nResult=success\\nStatusText=running as @x\\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_installed_with_what_claude_needs_and_removed_again() {
    let machine = Machine::new().await;
    machine.configure("");
    manage(&machine, RUNS);
    let unit = machine.home().join(".config/systemd/user/segue.service");
    let mut install = machine.segue();
    install.args(["service", "install"]).env("ANTHROPIC_API_KEY", "sk-%-\"quoted\"");
    install.env("SEGUE_LOG", "debug").env("CLAUDECODE", "1");
    let output = install.output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("ANTHROPIC_API_KEY, LANG, PATH"), "{said}");
    assert!(said.contains("loginctl enable-linger") && !said.contains("quoted"), "{said}");
    let [manager, order @ ..] = &asked(&machine)[..] else { panic!("nothing was asked") };
    assert_eq!(manager, "systemctl --user show-environment");
    assert_eq!(
        order[..3],
        ["daemon-reload", "enable segue.service", "restart segue.service"]
            .map(|order| format!("systemctl --user {order}"))
    );

    let text = fs::read_to_string(&unit).unwrap();
    assert_eq!(fs::metadata(&unit).unwrap().permissions().mode() & 0o777, 0o600);
    let binary = env!("CARGO_BIN_EXE_segue");
    for line in [
        format!("ExecStart=\"{binary}\" run"),
        "Environment=\"ANTHROPIC_API_KEY=sk-%%-\\\"quoted\\\"\"".to_owned(),
        "Type=notify".to_owned(),
        "Restart=on-failure".to_owned(),
        "RestartPreventExitStatus=2".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in {text}");
    }
    let path = text.lines().find(|line| line.starts_with("Environment=\"PATH=")).unwrap();
    assert!(path.contains(machine.home().join("bin").to_str().unwrap()), "{path}");
    assert!(!text.contains("SEGUE_") && !text.contains("CLAUDECODE"), "{text}");
    verify(&unit);

    let status = machine.run(&["service", "status"], "");
    assert!(status.status.success());
    assert!(stdout(&status).contains("✓ Runs: active (running), running as @x"), "{status:?}");
    let logs = stdout(&machine.run(&["service", "logs", "-n", "7"], ""));
    assert_eq!(logs, "journalctl --user --unit segue.service --lines 7 --no-pager\n");
    asked(&machine);
    let output = machine.run(&["service", "uninstall"], "");
    assert!(output.status.success() && !unit.exists(), "{output:?}");
    assert_eq!(asked(&machine)[0], "systemctl --user disable --now segue.service");
    assert_eq!(machine.run(&["service", "status"], "").status.code(), Some(3));
}

/// Has systemd itself look at the unit, where there is one.
fn verify(unit: &std::path::Path) {
    let mut command = Command::new("systemd-analyze");
    command.args(["--user", "verify"]).arg(unit).env("XDG_RUNTIME_DIR", unit.parent().unwrap());
    // Without systemd nobody can say more of the unit than the lines above.
    let Ok(output) = command.output() else { return };
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_could_not_run_is_not_installed() {
    let machine = Machine::new().await;
    let unit = machine.home().join(".config/systemd/user/segue.service");
    machine.configure("");
    // The environment of a test machine has no systemd for it.
    let output = machine.run(&["service", "install"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("systemd runs no services for you here"), "{output:?}");

    manage(&machine, RUNS);
    fs::write(
        machine.config(),
        format!("allowed_users = [7]\napi_url = \"{}\"\n", machine.api_url()),
    )
    .unwrap();
    let mut install = machine.segue();
    install.args(["service", "install"]).env("TELEGRAM_BOT_TOKEN", &machine.token);
    let output = install.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("none of the variables of this shell"), "{said}");
    assert!(!unit.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_when_segue_is_ready_and_why_it_ends() {
    let machine = Machine::new().await;
    machine.configure("");
    let path = machine.home().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(crate::support::phone::PATIENCE)).unwrap();
    let mut command = machine.segue();
    command.env("NOTIFY_SOCKET", &path).stderr(std::process::Stdio::null());
    let mut bot = crate::machine::Running(command.spawn().unwrap());
    let mut said = String::new();
    let mut listen = |wish: &str| {
        while !said.contains(wish) {
            let mut buffer = [0; 4096];
            let length = socket.recv(&mut buffer).unwrap();
            said.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
            said.push('\n');
        }
    };
    listen("READY=1");
    listen("STATUS=running as @segue_sandbox_bot");
    let pid = rustix::process::Pid::from_child(&bot.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    listen("STOPPING=1");
    until("ended", || bot.0.try_wait().unwrap().is_some());
}
