//! Secrets as valgrind sees them, for tests: what is hidden counts as not initialised, so that memcheck reports each branch and each address that
//! depends on it.
//!
//! The method of ctgrind (Langley 2010, <https://github.com/agl/ctgrind>), by the client requests of `valgrind.h` and `memcheck.h`. Outside
//! valgrind nothing here does anything. `tests/memory.sh` runs such tests.

/// A request of memcheck: how its memory counts from now on.
#[derive(Clone, Copy)]
enum Request {
    MakeMemUndefined = 0x4d43_0001,
    MakeMemDefined = 0x4d43_0002,
}

/// From here on nothing may branch on these values, or read where they say.
pub(crate) fn hide<T>(secrets: &[T]) {
    request(Request::MakeMemUndefined, secrets);
}

/// From here on these values are no secret.
pub(crate) fn reveal<T>(values: &[T]) {
    request(Request::MakeMemDefined, values);
}

#[cfg(target_arch = "x86_64")]
fn request<T>(request: Request, values: &[T]) {
    let arguments = [request as u64, values.as_ptr() as u64, size_of_val(values) as u64, 0, 0, 0];
    // SAFETY: the four rotations are one by 128 bits, which changes nothing, and so does the exchange of a register with itself. valgrind, where it
    // runs this, reads the arguments, writes an answer to `rdx`, and changes what it knows about the values, not the values.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0_u64 => _,
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn request<T>(_: Request, _: &[T]) {}
