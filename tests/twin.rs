//! `leftcart` under another name, so that tests can run it as a process of its own.

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os())
}
