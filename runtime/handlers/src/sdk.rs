//! The AWS SDK for functions that may do more than the spec has words for: those with `may`.

use crate::{Context, deadline, grant};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

impl Context {
    /// What clients of the AWS SDK are made of, for what the function's `may` allows: region, credentials, and one HTTP client for all. A call ends
    /// when the time of this invocation does, so that a client is made in each: that costs little, since connections are kept.
    ///
    /// Only a function with `may` has it; generated contexts give it as `cx.aws()`.
    ///
    /// ```
    /// # use evc_runtime::{Context, grant};
    /// # async fn client<Remind: grant::Sdk>(cx: &Context) {
    /// let config = cx.sdk::<Remind>().await;
    /// // let email = aws_sdk_sesv2::Client::new(&config);
    /// # }
    /// ```
    pub async fn sdk<F: grant::Sdk>(&self) -> SdkConfig {
        let time = deadline::left();
        let limits = TimeoutConfig::builder()
            .operation_timeout(time)
            .operation_attempt_timeout(crate::aws::attempt(time))
            .build();
        self.services().sdk().await.clone().into_builder().timeout_config(limits).build()
    }
}

#[cfg(test)]
mod tests {
    use crate::grant;
    use crate::testing::World;
    use aws_config::{BehaviorVersion, Region, SdkConfig};

    struct Remind;
    impl grant::Sdk for Remind {}

    #[tokio::test]
    async fn clients_of_a_test_are_made_of_its_configuration_and_end_in_time() {
        let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        let world = World::new().sdk(config.build());
        let given = world.context("remind").sdk::<Remind>().await;
        assert_eq!(given.region().map(Region::as_ref), Some("eu-west-1"));
        assert!(given.timeout_config().is_some_and(|limits| limits.operation_timeout().is_some()));
    }
}
