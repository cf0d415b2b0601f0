use super::*;
use crate::table::Attr;
use crate::testing::World;
use serde::Deserialize;

/// Notes of users, several each.
struct Notes;
struct NotesByState;
/// One profile for each user.
struct Profiles;
/// A function with all grants.
struct All;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Note {
    user: String,
    id: u64,
    state: String,
}

#[derive(Serialize)]
struct NoteKey {
    user: String,
    id: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Profile {
    user: String,
    name: String,
}

impl Table for Notes {
    type Item = Note;
    type Key = NoteKey;
    const NAME: &'static str = "notes";
    const ENV: &'static str = "NOTES_TABLE";
    const KEY: &'static [&'static str] = &["user", "id"];
}

impl Index for Notes {
    type Table = Self;
    type Partition = String;
    type Sort = u64;
    const NAME: Option<&'static str> = None;
    const PARTITION: &'static str = "user";
    const SORT: Option<&'static str> = Some("id");
}

impl Index for NotesByState {
    type Table = Notes;
    type Partition = String;
    type Sort = String;
    const NAME: Option<&'static str> = Some("by-state");
    const PARTITION: &'static str = "user";
    const SORT: Option<&'static str> = Some("state");
}

impl SamePartition for NotesByState {}

impl Table for Profiles {
    type Item = Profile;
    type Key = Profile;
    const NAME: &'static str = "profiles";
    const ENV: &'static str = "PROFILES_TABLE";
    const KEY: &'static [&'static str] = &["user"];
}

const STATE: Attr<Notes, String> = Attr::new("state");
const NAME: Attr<Profiles, String> = Attr::new("name");

macro_rules! all {
    ($($table:ident)*) => {
        $(
            impl grant::Get<Own<$table>> for All {}
            impl grant::Query<Own<$table>> for All {}
            impl grant::Put<Own<$table>> for All {}
            impl grant::Update<Own<$table>> for All {}
            impl grant::Delete<Own<$table>> for All {}
            impl grant::Check<Own<$table>> for All {}
        )*
    };
}

all!(Notes Profiles);
impl grant::QueryBy<Own<NotesByState>> for All {}

fn note(user: &str, id: u64, state: &str) -> Note {
    Note { user: user.to_owned(), id, state: state.to_owned() }
}

fn world() -> World {
    let world = World::new().table::<Notes>().table::<Profiles>();
    for (user, id, state) in [("kim", 1, "open"), ("kim", 2, "done"), ("lee", 1, "open"), ("lee", 3, "open")] {
        world.put::<Notes>(&note(user, id, state)).expect("a note");
    }
    for user in ["kim", "lee"] {
        world.put::<Profiles>(&Profile { user: user.to_owned(), name: "n".to_owned() }).expect("a profile");
    }
    world
}

fn notes<'a>(cx: &'a Context, user: &str) -> OwnTable<'a, Notes, All> {
    cx.own_table(&user)
}

#[tokio::test]
async fn reads_find_what_is_the_callers() {
    let world = world();
    let cx = world.context("f");
    assert_eq!(notes(&cx, "kim").get(&2).send().await.expect("a read"), Some(note("kim", 2, "done")));
    // Lee has a note 3, and Kim has none.
    assert_eq!(notes(&cx, "kim").get(&3).send().await.expect("a read"), None);
    let all = notes(&cx, "kim").query().all(10).await.expect("a query");
    assert_eq!(all, [note("kim", 1, "open"), note("kim", 2, "done")]);
    let open = notes(&cx, "lee").query_index(NotesByState).eq(&"open".to_owned()).all(10).await.expect("a query");
    assert!(open.iter().all(|note| note.user == "lee") && open.len() == 2, "{open:?}");
    let pattern = cx.query_own::<All, _>(NotesByState, &"kim").all(10).await.expect("a query");
    assert_eq!(pattern.len(), 2, "{pattern:?}");
}

#[tokio::test]
async fn the_page_of_another_is_no_way_into_his_items() {
    let world = world();
    let cx = world.context("f");
    let page = notes(&cx, "lee").query().limit(1).send().await.expect("a page");
    let next = page.next.expect("more");
    let error = notes(&cx, "kim").query().after(&next).send().await.map(drop).expect_err("another's page");
    assert_eq!(error.kind(), Kind::InvalidInput);
}

#[tokio::test]
async fn writes_change_what_is_the_callers() {
    let world = world();
    let cx = world.context("f");
    notes(&cx, "kim").update(&1).set(STATE, "done").send().await.expect("an update");
    let error = notes(&cx, "kim").update(&3).set(STATE, "done").send().await.expect_err("another's");
    assert_eq!(error.kind(), Kind::Conflict);
    notes(&cx, "kim").delete(&3).send().await.expect("nothing to delete");
    notes(&cx, "kim").put(&note("kim", 4, "open")).send().await.expect("a put");
    let error = notes(&cx, "kim").put(&note("lee", 3, "taken")).send().await.expect_err("another's");
    assert_eq!(error.kind(), Kind::Forbidden);
    let stored = world.items::<Notes>().expect("notes");
    assert_eq!(
        stored,
        [
            note("kim", 1, "done"),
            note("kim", 2, "done"),
            note("lee", 1, "open"),
            note("lee", 3, "open"),
            note("kim", 4, "open")
        ]
    );
}

#[tokio::test]
async fn transactions_do_as_single_writes() {
    let world = world();
    let cx = world.context("f");
    let before = world.items::<Notes>().expect("notes");
    let forged = cx
        .transaction::<All>()
        .update(notes(&cx, "kim").update(&1).set(STATE, "done"))
        .put(notes(&cx, "kim").put(&note("lee", 1, "taken")));
    assert_eq!(forged.commit().await.expect_err("another's").kind(), Kind::Forbidden);
    let of_another = cx.transaction::<All>().delete(notes(&cx, "kim").delete(&2)).check(notes(&cx, "kim").check(&3));
    assert_eq!(of_another.commit().await.expect_err("another's").kind(), Kind::Conflict);
    assert_eq!(world.items::<Notes>().expect("notes"), before);
    let own = cx.transaction::<All>().delete(notes(&cx, "kim").delete(&2)).check(notes(&cx, "kim").check(&1));
    own.commit().await.expect("one's own");
    assert_eq!(world.items::<Notes>().expect("notes").len(), 3);
}

#[tokio::test]
async fn who_has_one_item_needs_no_key() {
    let world = world();
    let cx = world.context("f");
    let own = |user: &str| cx.own_item::<Profiles, All>(&user);
    assert_eq!(own("kim").get().send().await.expect("a read").expect("a profile").user, "kim");
    own("kim").update().set(NAME, "Kim").send().await.expect("an update");
    cx.transaction::<All>().check(own("kim").check()).commit().await.expect("it is there");
    let error = own("kim").put(&Profile { user: "lee".into(), name: "x".into() }).send().await.expect_err("another's");
    assert_eq!(error.kind(), Kind::Forbidden);
    own("kim").delete().send().await.expect("a delete");
    let left = world.items::<Profiles>().expect("profiles");
    assert_eq!(left, [Profile { user: "lee".into(), name: "n".into() }]);
}

#[tokio::test]
async fn nobody_owns_nothing() {
    let world = world();
    let cx = world.context("f");
    assert_eq!(notes(&cx, "").get(&1).send().await.map(drop).expect_err("nobody").kind(), Kind::Forbidden);
    assert_eq!(notes(&cx, "").query().send().await.map(drop).expect_err("nobody").kind(), Kind::Forbidden);
    let put = notes(&cx, "").put(&note("", 1, "open")).send().await;
    assert_eq!(put.expect_err("nobody").kind(), Kind::Forbidden);
}
