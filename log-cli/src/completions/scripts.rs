//! The shells' scripts, which ask for names: what is made of the grammar, and a function around it.

use clap_complete::Shell;

/// Names first, as they are told by `waterwheel-log complete`; where there are none, what the grammar says.
const BASH: &str = r#"
_waterwheel__log__or_names() {
    _waterwheel__log "$@"
    local name names=()
    while IFS= read -r name; do
        names+=("$(printf '%q' "${name}")")
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    if [[ ${#names[@]} -gt 0 ]]; then
        COMPREPLY=("${names[@]}")
    fi
}
"#;

const ZSH: &str = r#"
_waterwheel-log() {
    local -a names
    names=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${names[1]}" ]]; then
        compadd -a names
    else
        _waterwheel-log_grammar "$@"
    fi
}
"#;

const FISH: &str = r#"
function __fish_waterwheel_log_names
    set -l words (commandline -opc) (commandline -ct)
    # Of `--group=x` the shell itself puts the first part before what is told.
    $words[1] complete -- $words[2..-1] 2>/dev/null | string replace -r -- '^--[a-z-]+=' ''
end
complete -c waterwheel-log -a "(__fish_waterwheel_log_names)"
"#;

/// A script with names of topics and groups.
pub(super) fn with_names(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => {
            // Of a name with a hyphen, the generator calls one thing by two names: then nothing behind a command is completed.
            let script = script.replace("waterwheel__subcmd__log", "waterwheel__log");
            let (functions, registered) = script.rsplit_once("\nif [[ ").unwrap_or((&script, ""));
            let registered = registered.replace("-F _waterwheel__log ", "-F _waterwheel__log__or_names ");
            format!("{functions}{BASH}\nif [[ {registered}")
        }
        Shell::Zsh => {
            let script = script.replace("\n_waterwheel-log() {", "\n_waterwheel-log_grammar() {");
            let (functions, begun) = script.rsplit_once("\nif [ ").unwrap_or((&script, ""));
            format!("{functions}{ZSH}\nif [ {begun}")
        }
        _ => {
            let lines = script.lines().map(|line| match line.strip_suffix(" -r") {
                Some(_) if line.contains(" -l group ") || line.contains(" -l topic ") => {
                    format!("{line} -f -a \"(__fish_waterwheel_log_names)\"\n")
                }
                _ => format!("{line}\n"),
            });
            format!("{}{FISH}", lines.collect::<String>())
        }
    }
}
