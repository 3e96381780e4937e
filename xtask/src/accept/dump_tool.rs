//! Kafka's own tool reads the log's files: segments of every codec, transactions, offset and time indexes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::workspace::{cargo, root, succeed};

/// The version of Kafka whose tool it is.
const KAFKA: &str = "4.3.1";

/// The codecs that a log has batches of, by Kafka's names.
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

/// Has the log's test make a log, and the tool read it. Fails on a complaint of the tool's.
pub(super) fn run() -> Result<()> {
    let jars = jars()?;
    let around = tempfile::tempdir().map_err(Error::path("a directory to work in"))?;
    let dir = around.path().join("data");
    let mut test = cargo();
    test.args(["test", "--quiet", "--package", "log-store", "--test", "dump_tool"])
        .env("LOG_STORE_DUMP_DIR", &dir)
        .stdout(Stdio::null());
    succeed(&mut test)?;
    let (segments, indexes) = (files(&dir, &["log"])?, files(&dir, &["index", "timeindex"])?);
    let batches = segments_are_read(&jars, &segments)?;
    let entries = indexes_are_read(&jars, &indexes)?;
    damage_is_told(&jars, &indexes)?;
    println!(
        "Kafka {KAFKA} reads {} segments with {batches} batches of every codec, and {} indexes with {entries} entries, without a complaint",
        segments.len(),
        indexes.len()
    );
    Ok(())
}

/// Every line of the tool's about segments is known, and each batch is valid; gives their number.
fn segments_are_read(jars: &Path, segments: &[PathBuf]) -> Result<usize> {
    let said = dump(jars, &["--deep-iteration"], segments)?;
    let (mut batches, mut codecs) = (0, CODECS.map(|codec| (format!("compresscodec: {codec} "), 0)));
    let mut lines = said.lines();
    while let Some(line) = lines.next() {
        if line.starts_with("baseOffset: ") {
            batches += 1;
            if !line.contains("isvalid: true") {
                return Err(complaint(line));
            }
            codecs.iter_mut().filter(|(codec, _)| line.contains(&**codec)).for_each(|(_, count)| *count += 1);
        } else if line.starts_with("Non-consecutive offsets in ") {
            // It counts from -1 on in each file, also where that does not begin with offset 0.
            let name = line.rsplit('/').next().and_then(|name| name.strip_suffix(".log"));
            let base = name.and_then(|name| name.parse::<u64>().ok());
            let next = lines.next().unwrap_or_default();
            if base.map(|base| format!("  -1 is followed by {base}")).as_deref() != Some(next) {
                return Err(complaint(&format!("{line}{next}")));
            }
        } else if !["| offset: ", "Dumping ", "Log starting offset: "]
            .iter()
            .any(|word| line.starts_with(word))
        {
            return Err(complaint(line));
        }
    }
    match codecs.iter().find(|(_, count)| *count < 60) {
        Some((codec, count)) => Err(Error::Refuted(format!("only {count} batches have {codec}"))),
        None => Ok(batches),
    }
}

/// Every line of the tool's about indexes is an entry; gives their number.
fn indexes_are_read(jars: &Path, indexes: &[PathBuf]) -> Result<usize> {
    let said = dump(jars, &[], indexes)?;
    let mut entries = 0;
    for line in said.lines().filter(|line| !line.starts_with("Dumping ")) {
        if !line.starts_with("offset: ") && !line.starts_with("timestamp: ") {
            return Err(complaint(line));
        }
        entries += 1;
    }
    if entries < 1_000 {
        return Err(Error::Refuted(format!(
            "the indexes have {entries} entries, fewer than a log of that size has"
        )));
    }
    Ok(entries)
}

/// The tool does complain, where an entry is wrong: else its silence says nothing.
fn damage_is_told(jars: &Path, indexes: &[PathBuf]) -> Result<()> {
    let of_times = indexes.iter().find(|path| path.extension().is_some_and(|found| found == "timeindex"));
    let path = of_times.ok_or_else(|| Error::Refuted("there is no time index".to_owned()))?;
    let mut bytes = fs::read(path).map_err(Error::path(path))?;
    // The last byte of the first timestamp.
    bytes[7] ^= 1;
    fs::write(path, bytes).map_err(Error::path(path))?;
    let said = dump(jars, &[], std::slice::from_ref(path))?;
    if said.contains("Found timestamp mismatch") {
        Ok(())
    } else {
        Err(Error::Refuted(format!("the tool did not notice a wrong entry; it said:\n{said}")))
    }
}

fn complaint(line: &str) -> Error {
    Error::Refuted(format!("Kafka's tool complains: {line}"))
}

/// What the tool says of files.
fn dump(jars: &Path, options: &[&str], files: &[PathBuf]) -> Result<String> {
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    let mut java = Command::new("java");
    // The class path's star is for Java, and no shell is there to take it.
    java.arg("-cp").arg(jars.join("*")).arg("org.apache.kafka.tools.DumpLogSegments").args(options);
    java.arg("--files").arg(files.join(","));
    let program = "java org.apache.kafka.tools.DumpLogSegments";
    let output = java.output().map_err(Error::start(program))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Its complaints are on stderr, beside those of a library that misses another.
    let said = stdout.lines().chain(stderr.lines().filter(|line| !line.starts_with("SLF4J: ")));
    let said = said.collect::<Vec<_>>().join("\n");
    if output.status.success() {
        Ok(said)
    } else {
        Err(Error::Program { program: program.to_owned(), status: output.status.to_string(), stderr: said })
    }
}

/// The folder of the tool and all that it needs, which Maven brings from Maven Central the first time.
fn jars() -> Result<PathBuf> {
    let folder = root().join("target").join(format!("kafka-tools-{KAFKA}"));
    let jars = folder.join("lib");
    if jars.join(format!("kafka-tools-{KAFKA}.jar")).exists() {
        return Ok(jars);
    }
    fs::create_dir_all(&folder).map_err(Error::path(&folder))?;
    let pom = folder.join("pom.xml");
    fs::write(&pom, project()).map_err(Error::path(&pom))?;
    let mut maven = Command::new("mvn");
    maven.args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]).current_dir(&folder);
    succeed(&mut maven)?;
    Ok(jars)
}

/// A project that has the tool and does nothing.
fn project() -> String {
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion><groupId>waterwheel</groupId>\
         <artifactId>dump-tool</artifactId><version>1</version><dependencies><dependency><groupId>org.apache.kafka</groupId>\
         <artifactId>kafka-tools</artifactId><version>{KAFKA}</version></dependency></dependencies></project>\n"
    )
}

/// The files below a folder with these extensions, sorted, but for the journal's.
fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::path(folder))? {
        let path = entry.map_err(Error::path(folder))?.path();
        if path.is_dir() {
            found.extend(files(&path, extensions)?);
        } else if path
            .extension()
            .and_then(|found| found.to_str())
            .is_some_and(|found| extensions.contains(&found))
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
