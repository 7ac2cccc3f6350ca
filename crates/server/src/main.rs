//! The program `switchboard`. Everything it does is in the library beside it, where it can be
//! tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main()
}
