//! The template of a new program: it builds, passes its tests and runs outside of this repository, and is what the guide shows.
//!
//! `UPDATE_EXPECT=1` writes the template's files into the guide anew.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const TEMPLATE: &str = "examples/template";
const PAGE: &str = "docs/guide/getting-started.md";

/// Stands above a block of commands that need what is not there in a test.
const NOT_HERE: &str = "<!-- not gone through by the test -->";

/// A block of code on a page.
#[derive(Debug)]
struct Block<'p> {
    /// The line above.
    above: &'p str,
    language: &'p str,
    text: &'p str,
    /// Where the text stands on the page.
    begin: usize,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut above = "";
    let mut open: Option<Block<'_>> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        match (line.trim_end().strip_prefix("```"), &mut open) {
            (Some(_), Some(block)) => {
                block.text = &page[block.begin..begin];
                blocks.extend(open.take());
            }
            (Some(language), None) => open = Some(Block { above, language, text: "", begin: at }),
            (None, _) => {}
        }
        above = line.trim_end();
    }
    assert!(open.is_none(), "a block of the page has no end");
    blocks
}

/// The commands of a page, to be gone through one after the other.
fn commands(page: &str) -> String {
    let gone_through = |block: &&Block<'_>| block.language == "sh" && block.above != NOT_HERE;
    blocks(page).iter().filter(gone_through).map(|block| block.text).collect()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A folder outside of this repository, where new programs are begun.
struct Outside(PathBuf);

impl Outside {
    /// Always the same for a copy of this repository, so that what is built there is built over and not beside.
    fn new(name: &str) -> Outside {
        let mut hasher = DefaultHasher::new();
        ROOT.hash(&mut hasher);
        let folder = env::temp_dir().join(format!("waterwheel-{name}-{:x}", hasher.finish()));
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        // With the profile of this workspace, the crates that it has built need not be built again.
        let manifest = read("Cargo.toml");
        let (_, profile) = manifest.split_once("\n[profile.dev]\n").expect("the workspace has a profile");
        let (profile, _) = profile.split_once("\n[profile.release]\n").expect("it stands behind the first");
        fs::create_dir_all(folder.join(".cargo")).unwrap();
        fs::write(folder.join(".cargo/config.toml"), format!("[profile.dev]\n{profile}")).unwrap();
        Outside(folder)
    }

    /// Goes through commands by a shell, to the first that fails.
    fn shell(&self, folder: &str, commands: &str) -> Output {
        let test = env::current_exe().unwrap();
        let target = test.ancestors().nth(3).expect("the test lies in `target/debug/deps`");
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", commands]).current_dir(self.0.join(folder));
        // What is needed was fetched when this test was built.
        shell
            .env("CARGO_NET_OFFLINE", "true")
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_TERM_COLOR", "never");
        shell.output().unwrap()
    }

    /// Goes through commands to their end, and gives their stdout and their stderr.
    #[track_caller]
    fn succeed(&self, folder: &str, commands: &str) -> (String, String) {
        let output = self.shell(folder, commands);
        let (stdout, stderr) = said(&output);
        assert!(output.status.success(), "{commands}\n{stdout}\n{stderr}");
        (stdout, stderr)
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // What is left over is in the way of nothing.
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// The rows that were read: of one minute, or of two if one ended between the payments.
#[track_caller]
fn check_rows(stdout: &str) {
    let rows = stdout.lines().filter(|line| line.starts_with('{'));
    let rows: Vec<serde_json::Value> = rows.map(|row| serde_json::from_str(row).unwrap()).collect();
    let sum = |field: &str| rows.iter().map(|row| row[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("cents"), sum("payments")), (1600, 2), "{stdout}");
    assert!(rows.iter().all(|row| row["card"] == 4000 && row["from"].is_string()), "{stdout}");
}

/// Copies the template as `cargo generate` does, with these answers.
fn expand(from: &Path, to: &Path, answers: &[(&str, &str)]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            expand(&path, &to.join(name), answers);
        } else if name != "cargo-generate.toml" {
            let mut text = fs::read_to_string(&path).unwrap();
            for (question, answer) in answers {
                text = text.replace(&format!("{{{{{question}}}}}"), answer);
            }
            assert!(
                !text.contains("{{") && !text.contains("{%"),
                "{}: not answered:\n{text}",
                path.display()
            );
            fs::write(to.join(name.trim_end_matches(".liquid")), text).unwrap();
        }
    }
}

#[test]
fn the_guide_shows_the_files_of_the_template() {
    let mut page = read(PAGE);
    let mut shown = Vec::new();
    // From the end, so that what stands before keeps its place.
    for (path, range) in marked(&page).into_iter().rev() {
        let file = read(&path);
        if env::var_os("UPDATE_EXPECT").is_some() {
            page.replace_range(range, &file);
        } else {
            assert_eq!(page[range], file, "{PAGE} differs from {path}; UPDATE_EXPECT=1 writes it anew");
        }
        shown.push(path);
    }
    if env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(Path::new(ROOT).join(PAGE), page).unwrap();
    }
    let sources = fs::read_dir(Path::new(ROOT).join(TEMPLATE).join("src")).unwrap();
    for file in sources {
        let path = format!("{TEMPLATE}/src/{}", file.unwrap().file_name().into_string().unwrap());
        assert!(shown.contains(&path), "{PAGE} does not show {path}");
    }
}

#[test]
fn the_readme_begins_a_program_as_the_guide_does() {
    let page = read(PAGE);
    let first = blocks(&page).into_iter().find(|block| block.language == "sh").unwrap();
    assert!(read("README.md").contains(first.text), "README.md does not have:\n{}", first.text);
}

/// The files that a page says it shows, and where.
fn marked(page: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let shown = |block: &Block<'_>| {
        let path = block.above.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
        let range = block.begin..block.begin + block.text.len();
        path.starts_with(TEMPLATE).then(|| (path.to_owned(), range))
    };
    blocks(page).iter().filter_map(shown).collect()
}

#[test]
fn the_commands_of_the_guide_lead_to_what_it_says() {
    let page = read(PAGE);
    let outside = Outside::new("guide");
    // A clone of this repository does not lie beside the program here, and its versions are those that were fetched.
    let add = "cargo add --path ../waterwheel\n";
    let commands = commands(&page);
    assert!(commands.contains(add), "{commands}");
    let commands = commands
        .replace(add, &format!("cargo add --path '{ROOT}'\ncp '{ROOT}/Cargo.lock' .\n"))
        .replace(" waterwheel/", &format!(" {ROOT}/"));
    let (stdout, stderr) = outside.succeed("", &commands);

    let promised = blocks(&page).into_iter().find(|block| block.text.starts_with("test ")).unwrap();
    let passed: Vec<&str> = stdout.lines().filter(|line| line.ends_with(" ... ok")).collect();
    assert_eq!(passed, promised.text.lines().collect::<Vec<_>>(), "{stdout}");
    check_rows(&stdout);
    for said in
        ["still open, and the next run goes on with it", "dropped the state of pipeline `card_minutes`"]
    {
        assert!(stderr.contains(said), "no `{said}` in:\n{stderr}");
    }

    let refused = outside.shell("card-watch", "cargo run -- pay 4000 7 && cargo run -- run --until-end");
    assert!(!refused.status.success());
    assert!(said(&refused).1.contains("was closed with `--close`"), "{}", said(&refused).1);
    let refused = outside.shell("card-watch", "cargo run -- run --least 500");
    assert!(!refused.status.success());
    assert!(said(&refused).1.contains("[100] when the state was left, [500] now"), "{}", said(&refused).1);
}

#[test]
fn the_template_is_a_program_that_is_formatted_tested_and_runs() {
    let outside = Outside::new("template");
    let waterwheel = format!("path = \"{ROOT}\"");
    let program = outside.0.join("card-watch");
    let answers = [("project-name", "card-watch"), ("waterwheel", &waterwheel)];
    expand(&Path::new(ROOT).join(TEMPLATE), &program, &answers);
    fs::copy(Path::new(ROOT).join("Cargo.lock"), program.join("Cargo.lock")).unwrap();
    for file in [".gitignore", ".github/workflows/ci.yml", "Cargo.toml", "README.md"] {
        assert!(program.join(file).is_file(), "{file}");
    }

    let readme = fs::read_to_string(program.join("README.md")).unwrap();
    let (stdout, stderr) =
        outside.succeed("card-watch", &format!("cargo fmt --check\n{}", commands(&readme)));
    assert!(stdout.contains("2 passed; 0 failed"), "{stdout}");
    assert!(!stderr.contains("warning"), "{stderr}");
    check_rows(&stdout);
}

/// The default answer of the question is what the guide does by hand.
#[test]
fn the_questions_of_the_template_have_answers() {
    let questions = read(Path::new(TEMPLATE).join("cargo-generate.toml"));
    assert!(questions.contains("\n[placeholders.waterwheel]\n"), "{questions}");
    assert!(questions.contains("\ndefault = 'path = \"../waterwheel\"'\n"), "{questions}");
}
