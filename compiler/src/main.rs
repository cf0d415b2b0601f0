//! The `evc` binary.

fn main() -> std::process::ExitCode {
    evc::cli::main()
}
