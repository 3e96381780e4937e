//! `completions`: what shells complete by it, asked of those shells that are there.

mod called;

use std::path::Path;
use std::process::Command;

use called::Dir;

#[test]
fn shells_are_told_of_the_commands_and_nobody_else_is() {
    let dir = Dir::new();
    for (shell, part) in [
        ("bash", "complete -F _waterwheel__log__or_names -o nosort"),
        ("zsh", "#compdef waterwheel-log"),
        ("fish", "complete -c waterwheel-log"),
    ] {
        let script = dir.call(&format!("completions {shell}")).succeeded();
        assert!(script.contains(part) && script.contains("from-beginning"), "{shell}: {script}");
        // Scripts that are not as they were when names were put into them would lack these.
        assert_eq!(script.matches(" complete -- ").count(), 1, "{shell}: {script}");
    }
    dir.call("completions tcsh").is_wrong("[possible values: bash, zsh, fish]");
    assert!(!dir.path().exists());
}

/// A directory with topics and a group, and the script of a shell beside it.
fn filled(shell: &str) -> (Dir, String) {
    let dir = Dir::new();
    dir.call("topic create orders").succeeds("");
    dir.call("topic create bills").succeeds("");
    dir.call_with("produce orders", "a\n").succeeds("");
    dir.call("consume orders --until-end --group billing").succeeds("a\n");
    let script = dir.call(&format!("completions {shell}")).succeeded();
    (dir, script)
}

/// What a shell prints, where there is one.
fn said_by(shell: &str, arguments: &[&str], script: &str) -> Option<Vec<String>> {
    let program = Path::new(env!("CARGO_BIN_EXE_waterwheel-log")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let ran = Command::new(shell).args(arguments).arg(script).env("PATH", path).output().ok()?;
    let (said, wrong) = (String::from_utf8(ran.stdout).unwrap(), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(wrong, "", "{shell}: {said}");
    Some(said.lines().map(str::to_owned).collect())
}

/// Lines with the cursor at their ends, of which each has one way to go on.
fn lines(dir: &Dir) -> Vec<(String, &'static str)> {
    let dir = dir.path().display();
    vec![
        ("waterwheel-log ver".to_owned(), "verify"),
        ("waterwheel-log consume --from-b".to_owned(), "--from-beginning"),
        (format!("waterwheel-log --data-dir {dir} consume o"), "orders"),
        (format!("waterwheel-log consume --data-dir {dir} --json b"), "bills"),
        (format!("waterwheel-log consume --data-dir {dir} orders --group "), "billing"),
        (format!("waterwheel-log group --data-dir {dir} reset bil"), "billing"),
        (format!("waterwheel-log group reset billing --data-dir {dir} --topic o"), "orders"),
    ]
}

#[test]
fn bash_completes_commands_options_topics_and_groups() {
    let (dir, script) = filled("bash");
    for (line, expected) in lines(&dir) {
        let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let asked = format!(
            "{script}\nCOMP_WORDS=({}); COMP_CWORD={}; \
             _waterwheel__log__or_names waterwheel-log {} {}; echo \"${{COMPREPLY[@]}}\"",
            words.join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let Some(said) = said_by("bash", &["-c"], &asked) else { return };
        assert_eq!(said, [expected], "{line}");
    }
}

#[test]
fn fish_completes_commands_options_topics_and_groups() {
    let (dir, script) = filled("fish");
    for (line, expected) in lines(&dir) {
        let asked = format!("{script}\ncomplete -C '{line}'");
        let Some(said) = said_by("fish", &["--no-config", "-c"], &asked) else { return };
        let said: Vec<&str> = said.iter().map(|line| line.split('\t').next().unwrap()).collect();
        assert_eq!(said, [expected], "{line}");
    }
}

#[test]
fn zsh_takes_the_script() {
    let (dir, script) = filled("zsh");
    let file = dir.path().with_file_name("_waterwheel-log");
    std::fs::write(&file, script).unwrap();
    let Some(said) = said_by("zsh", &["-f", "-n"], &file.display().to_string()) else { return };
    assert!(said.is_empty(), "{said:?}");
}

#[test]
fn of_what_goes_wrong_while_somebody_types_nothing_is_said() {
    let dir = Dir::new();
    for words in ["consume o", "--data-dir /nowhere/at/all consume o", "", "nonsense --x"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waterwheel-log"));
        command.arg("complete").arg("--").args(words.split(' ')).current_dir(dir.path().parent().unwrap());
        let output = command.output().unwrap();
        assert!(
            output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
    assert!(!dir.call("--help").succeeded().contains("  complete "));
}
