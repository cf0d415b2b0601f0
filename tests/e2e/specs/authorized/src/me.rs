//! Who calls.

use authorized_contract::{Me, MeError, MeInput, MeMeXPlan, MeResponse, MemberPlan};
use evc_runtime::SetCookie;

/// Tells the caller what is known of him.
pub async fn me(cx: &Me, input: MeInput) -> Result<MeResponse, MeError> {
    let body = cx.caller().clone();
    let e_tag = format!("\"{}-{}\"", body.sub, body.level);
    if input.known.as_ref() == Some(&e_tag) {
        return Ok(MeResponse::Unchanged { e_tag });
    }
    let x_plan = match body.plan {
        MemberPlan::Free => MeMeXPlan::Free,
        MemberPlan::Paid => MeMeXPlan::Paid,
    };
    let visit = input.visit.is_none().then(|| SetCookie::to(cx.stable_id(&["visit"])));
    Ok(MeResponse::Me { e_tag, x_plan, visit, body })
}
