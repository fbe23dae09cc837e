//! The `leftcart` binary; [`cli::run`] is the program.

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
