//! Frame by frame, byte by byte, a session sends the same whatever computes it.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_does_not_depend_on_threads_or_kernels() {
    // More than a frame of tables, in iterations that can be shared out; and a plan in one piece.
    for program in [Program::iterations(40), Program::chains(9000)] {
        let setup = |kernel, threads| {
            let mut setup = Setup::new(program.clone(), [RoleChoice::Auto; 2], 31);
            for (config, threads) in setup.configs.iter_mut().zip(threads) {
                (config.kernel, config.threads) = (kernel, Threads::new(threads));
            }
            setup
        };
        let expected = proxy::record(&setup(Kernel::portable(), [1, 1])).await;
        for kernel in Kernel::available() {
            for threads in [[1, 1], [2, 2], [4, 1], [1, 64]] {
                assert!(proxy::record(&setup(kernel, threads)).await == expected, "{kernel:?}, {threads:?} threads");
            }
        }
    }
}
