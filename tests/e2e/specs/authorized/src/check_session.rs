//! Who has a session: `NAME:PLAN:LEVEL`, or a word for what goes wrong.

use authorized_contract::{
    CheckSession, CheckSessionError, CheckSessionInput, Member, MemberPlan, Session, SessionsKey,
};
use evc_runtime::{Error, Kind};

/// Says who has the session, and counts how often it is asked.
pub async fn check_session(cx: &CheckSession, input: CheckSessionInput) -> Result<Member, CheckSessionError> {
    let session = input.session;
    let key = SessionsKey { session: session.clone() };
    let asked = cx.sessions().get(&key).consistent().send().await?.map_or(0, |known| known.asked) + 1;
    cx.sessions().put(&Session { session: session.clone(), asked }).send().await?;
    let unknown = || CheckSessionError::UnknownSession("there is no such session".to_owned());
    match session.as_str() {
        "panics" => panic!("the authorizer is broken"),
        "fails" => return Err(Error::new(Kind::Internal, "the authorizer is broken").into()),
        "large" => {
            let teams = vec!["x".repeat(1024); 9];
            return Ok(Member { sub: "large".to_owned(), plan: MemberPlan::Free, level: 1, teams });
        }
        "nobody" => return Ok(Member { sub: String::new(), plan: MemberPlan::Free, level: 1, teams: Vec::new() }),
        _ => {}
    }
    let mut parts = session.split(':');
    let (Some(name), Some(plan), Some(level)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unknown());
    };
    // Who is let in once is not let in again: what is answered after that is kept.
    if parts.next() == Some("once") && asked > 1 {
        return Err(unknown());
    }
    let plan = if plan == "paid" { MemberPlan::Paid } else { MemberPlan::Free };
    let level = level.parse().map_err(|_| unknown())?;
    Ok(Member { sub: name.to_owned(), plan, level, teams: vec!["a b".to_owned(), "[c]".to_owned()] })
}
