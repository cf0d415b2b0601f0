//! The `evc` binary.

/// A compile is millions of small allocations, which this one makes in half the time of the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    evc::main()
}
