//! Counts the instructions of the hot paths, and holds them against those that are kept.
//!
//! Invariant: nothing is timed. The same program with the same input takes the same instructions,
//! on a busy machine too, so a path that has become dearer is seen when it happens.
//!
//!     cargo bench -p switchboard-chat --bench counts                # compares all paths
//!     cargo bench -p switchboard-chat --bench counts -- join tell   # these two
//!     cargo bench -p switchboard-chat --bench counts -- --accept    # keeps what is counted now
//!
//! It runs itself under callgrind, once for each path, and counts what happens in [`measured`].
//! What callgrind wrote stays in `target/counts`, to be read with `callgrind_annotate`.
//!
//! gungraun, which does the same and more, keeps what it compares with in the build folder, and
//! wants a runner of just its own version installed; here the counts are to stand beside the code,
//! and valgrind is all that has to be there.

mod callgrind;
mod desk;
mod kept;
mod paths;

use std::process::ExitCode;

use kept::{Kept, Verdict};
use paths::{PATHS, Path};

/// Runs `work`, which is what is counted: callgrind looks for this name.
#[inline(never)]
fn measured(work: impl FnOnce()) {
    work();
}

/// What is asked for.
enum Wanted {
    Compare,
    Accept,
    /// To be what callgrind runs.
    Run,
}

fn main() -> ExitCode {
    let mut wanted = Wanted::Compare;
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match &*argument {
            // Cargo says that it is a benchmark.
            "--bench" => {}
            "--accept" => wanted = Wanted::Accept,
            callgrind::RUN => wanted = Wanted::Run,
            name if PATHS.iter().any(|path| path.name == name) => names.push(argument),
            other => {
                eprintln!("{other:?} is no path. There are:");
                PATHS.iter().for_each(|path| eprintln!("  {}", path.name));
                return ExitCode::from(2);
            }
        }
    }
    let is_wanted = |path: &&Path| names.is_empty() || names.iter().any(|name| name == path.name);
    let paths = PATHS.iter().filter(is_wanted);
    let result = match wanted {
        Wanted::Run => {
            paths.for_each(|path| (path.run)());
            return ExitCode::SUCCESS;
        }
        Wanted::Accept => accept(paths),
        Wanted::Compare => compare(paths),
    };
    result.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

/// Counts `paths`, and keeps the counts in place of those that were kept.
fn accept<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<ExitCode, String> {
    let compiler = callgrind::compiler()?;
    // Those of another compiler mean nothing beside new ones.
    let mut kept = Kept::read()?.filter(|kept| kept.compiler == compiler);
    let kept = kept.get_or_insert_with(|| Kept::new(compiler));
    for path in paths {
        let count = callgrind::count(path.name)?;
        println!("{:<20} {count:>12}", path.name);
        kept.set(path.name, count);
    }
    kept.write()?;
    Ok(ExitCode::SUCCESS)
}

/// Counts `paths`, and says how they differ from what is kept. Fails if one has become dearer.
fn compare<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<ExitCode, String> {
    let compiler = callgrind::compiler()?;
    let kept = Kept::read()?.ok_or("no counts are kept: keep some with --accept")?;
    let comparable = kept.compiler == compiler;
    if !comparable {
        println!("NOTHING IS COMPARED: another compiler makes other instructions.");
        println!("  kept: {}\n  here: {compiler}", kept.compiler);
    }
    println!("{:<20} {:>12} {:>12} {:>8}", "", "kept", "now", "change");
    let mut dearer = 0;
    for path in paths {
        let count = callgrind::count(path.name)?;
        let Some(before) = kept.get(path.name).filter(|_| comparable) else {
            println!("{:<20} {:>12} {count:>12}", path.name, "-");
            continue;
        };
        let change = (count as f64 / before as f64 - 1.0) * 100.0;
        let verdict = Verdict::of(before, count);
        dearer += usize::from(verdict == Verdict::Dearer);
        println!("{:<20} {before:>12} {count:>12} {change:>+7.1}%{}", path.name, verdict.words());
    }
    if dearer > 0 {
        println!(
            "\n{dearer} dearer than kept. Make it cheaper, or, if it is worth that, --accept."
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
