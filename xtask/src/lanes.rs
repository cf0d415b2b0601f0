//! Two runs of layers side by side: one mostly waits, for an emulator, while the other computes.

use std::sync::atomic::{AtomicBool, Ordering};

/// Do the items of two lists, each list in its order, both lists at once. A lane starts nothing more once the other one has failed;
/// its last item still ends, so that what it runs is not left behind. The first error of each lane.
pub(crate) fn side_by_side<T: Send>(
    lanes: [Vec<T>; 2],
    run: impl Fn(T) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let failed = AtomicBool::new(false);
    let lane = |items: Vec<T>| {
        items.into_iter().filter(|_| !failed.load(Ordering::Relaxed)).find_map(|item| {
            let result = run(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            result.err()
        })
    };
    let [one, other] = lanes;
    let errors = std::thread::scope(|scope| {
        let one = scope.spawn(|| lane(one));
        let other = lane(other);
        [one.join().unwrap_or_else(|_| Some("a thread of the tests ended by itself".to_owned())), other]
    });
    let errors: Vec<String> = errors.into_iter().flatten().collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn all_is_done_and_each_list_in_its_order() {
        let done = Mutex::new(Vec::new());
        side_by_side([vec![1, 2], vec![11, 12]], |item| {
            done.lock().expect("no panic").push(item);
            Ok(())
        })
        .expect("nothing fails");
        let done = done.into_inner().expect("no panic");
        assert_eq!(done.iter().filter(|item| **item < 10).collect::<Vec<_>>(), [&1, &2]);
        assert_eq!(done.iter().filter(|item| **item > 10).collect::<Vec<_>>(), [&11, &12]);
    }

    #[test]
    fn what_fails_ends_its_list() {
        let done = Mutex::new(Vec::new());
        let result = side_by_side([vec![1, 2, 3], vec![]], |item| {
            done.lock().expect("no panic").push(item);
            if item == 2 { Err("two".to_owned()) } else { Ok(()) }
        });
        assert_eq!((result, done.into_inner().expect("no panic")), (Err("two".to_owned()), vec![1, 2]));
    }
}
