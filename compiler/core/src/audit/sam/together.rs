//! Properties of SAM's resources that SAM leaves unread, or refuses, because of others.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>,
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-statemachine.html>. What they do not say is
//! in SAM's translator: <https://github.com/aws/serverless-application-model/blob/develop/samtranslator/model/sam_resources.py>.

use crate::audit::template::{Call, Node, Origin, Resource};
use crate::audit::view::View;
use crate::diagnostics::{Code, Diagnostic};

/// What is for the role that SAM makes for a function.
const OF_ROLE: [&str; 4] = ["Policies", "AssumeRolePolicyDocument", "PermissionsBoundary", "RolePath"];

pub(in crate::audit) fn check(view: &View<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for (id, resource) in &view.template.resources {
        if view.only_written && !resource.is_touched() {
            continue;
        }
        let kind = match &*resource.type_.text {
            "AWS::Serverless::Function" => "Function",
            "AWS::Serverless::StateMachine" => "StateMachine",
            _ => continue,
        };
        let globals = view.template.globals.as_ref().and_then(|globals| globals.get(kind));
        let look = Look { id, resource, globals };
        if kind == "Function" {
            diagnostics.extend(OF_ROLE.iter().filter_map(|property| look.unread(property)));
            diagnostics.extend(look.without_alias());
            diagnostics.extend(look.more_ready_than_run());
            diagnostics.extend(look.without_alarms());
        } else {
            diagnostics.extend(look.two_roles());
        }
    }
}

struct Look<'v> {
    id: &'v str,
    resource: &'v Resource<'v>,
    globals: Option<&'v Node<'v>>,
}

impl Look<'_> {
    fn property(&self, name: &str) -> Option<&Node<'_>> {
        self.resource.property(name).or_else(|| self.globals?.get(name))
    }

    /// Whether it has a role wherever it is deployed. For one that is left out under a condition SAM makes another.
    fn has_role(&self) -> bool {
        self.property("Role").is_some_and(|role| !matches!(role.as_call(), Some(Call::If(..))))
    }

    fn report(&self, property: &str, message: String) -> Diagnostic {
        Diagnostic::new(Code::EVC1042, self.resource.place_of(property), message)
    }

    /// What to do instead with what is for a role.
    fn to_the_role(&self) -> &'static str {
        match self.resource.origin {
            Origin::Derived(_) => {
                "override the role, whose path is that of the thing and then `role`, such as `functions.pay.role`; or say under `may` what the function may do"
            }
            Origin::Written => "say it of the role, or leave `Role` out",
        }
    }

    fn unread(&self, property: &str) -> Option<Diagnostic> {
        self.resource.property(property).filter(|_| self.has_role())?;
        let message = format!("`{property}` of `{}` is for the role that SAM makes, and it has a `Role`", self.id);
        Some(self.report(property, message).note("SAM does not read it").help(self.to_the_role()))
    }

    fn two_roles(&self) -> Option<Diagnostic> {
        self.resource.property("Policies").filter(|_| self.has_role())?;
        let message = format!("`Policies` of `{}` is for the role that SAM makes, and it has a `Role`", self.id);
        Some(self.report("Policies", message).note("SAM refuses the template").help(self.to_the_role()))
    }

    /// More executions that are kept ready than may run.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>
    fn more_ready_than_run(&self) -> Option<Diagnostic> {
        let ready = self.property("ProvisionedConcurrencyConfig")?.get("ProvisionedConcurrentExecutions")?;
        let may = self.property("ReservedConcurrentExecutions")?;
        let (kept, reserved) = (ready.as_number()?, may.as_number()?);
        if kept <= reserved {
            return None;
        }
        let message = format!("`{}` keeps {kept} ready, and {reserved} may run at once", self.id);
        let place = ready.place.unwrap_or_else(|| self.resource.place_of("ProvisionedConcurrencyConfig"));
        Some(Diagnostic::new(Code::EVC0688, place, message).note("Lambda refuses it"))
    }

    /// A deployment in steps whose alarms somebody took away.
    fn without_alarms(&self) -> Option<Diagnostic> {
        if !matches!(self.resource.origin, Origin::Derived(_)) || !self.resource.touched {
            return None;
        }
        let preference = self.property("DeploymentPreference").filter(|it| it.as_map().is_some())?;
        let is_empty = preference.get("Alarms").and_then(Node::as_list).is_some_and(<[_]>::is_empty);
        if !is_empty || preference.get("Enabled").is_some_and(|enabled| enabled.as_bool() != Some(true)) {
            return None;
        }
        let message = format!("a deployment of `{}` never goes back: it has no alarms", self.id);
        let place = preference.get("Alarms").and_then(|alarms| alarms.place);
        let place = place.unwrap_or_else(|| self.resource.place_of("DeploymentPreference"));
        Some(
            Diagnostic::new(Code::EVC0689, place, message)
                .help("leave `Alarms` out of the override, which keeps those of the function"),
        )
    }

    /// What is for the alias that SAM keeps on the newest version, where it keeps none.
    fn without_alias(&self) -> Option<Diagnostic> {
        if self.property("AutoPublishAlias").is_some() {
            return None;
        }
        let is_on = |preference: &&Node<'_>| {
            let enabled = preference.get("Enabled");
            enabled.is_none_or(|enabled| enabled.as_call().is_none() && enabled.as_bool() != Some(false))
        };
        let deploys = self.property("DeploymentPreference").filter(is_on).map(|_| "DeploymentPreference");
        let ready = self.property("ProvisionedConcurrencyConfig").map(|_| "ProvisionedConcurrencyConfig");
        let property = deploys.or(ready)?;
        let message = format!("`{property}` of `{}` is for an alias, and it has no `AutoPublishAlias`", self.id);
        let help = match self.resource.origin {
            Origin::Derived(_) if deploys.is_some() => "say `deploy` of the function",
            Origin::Derived(_) => "say `provisioned` of the function",
            Origin::Written => "add `AutoPublishAlias: live`",
        };
        Some(self.report(property, message).note("SAM refuses the template").help(help))
    }
}
