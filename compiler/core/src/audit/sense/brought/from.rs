//! Who brings what, as far as it is one thing each time: the fields of the object, by type of resource.

/// A way from a resource to what it calls.
pub(super) struct Way {
    /// The type of the resource.
    pub type_: &'static str,
    /// Where what it calls stands: a property, and the path in it, with `*` for each of a list.
    pub path: &'static [&'static str],
    /// What it brings, in words.
    pub what: &'static str,
    /// The fields of that.
    pub fields: &'static [&'static str],
    /// Whether a function takes it apart as a request of an API, where it has one.
    pub taken_apart: bool,
    /// What to do instead.
    pub help: &'static str,
}

/// What `SNS` puts around a message.
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>
pub(super) const OF_TOPICS: [&str; 10] = [
    "Type",
    "MessageId",
    "TopicArn",
    "Subject",
    "Message",
    "Timestamp",
    "SignatureVersion",
    "Signature",
    "SigningCertURL",
    "UnsubscribeURL",
];

/// An event of `EventBridge`.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
pub(super) const OF_EVENTS: [&str; 9] =
    ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];

/// A request for a custom resource, of those that there are of each.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html>
pub(super) const OF_CUSTOM_RESOURCES: [&str; 8] = [
    "RequestType",
    "ServiceToken",
    "ResponseURL",
    "StackId",
    "RequestId",
    "LogicalResourceId",
    "ResourceType",
    "ResourceProperties",
];

/// A request as an HTTP API and a function URL bring it.
const REQUEST: [&str; 12] = [
    "version",
    "routeKey",
    "rawPath",
    "rawQueryString",
    "cookies",
    "headers",
    "queryStringParameters",
    "requestContext",
    "pathParameters",
    "stageVariables",
    "body",
    "isBase64Encoded",
];

/// A request as a load balancer brings it.
const BALANCED: [&str; 9] = [
    "requestContext",
    "httpMethod",
    "path",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "headers",
    "multiValueHeaders",
    "body",
    "isBase64Encoded",
];

/// An alarm that calls a function.
const ALARM: [&str; 6] = ["source", "alarmArn", "accountId", "time", "region", "alarmData"];

/// An event of a user pool.
const OF_POOLS: [&str; 8] =
    ["version", "triggerSource", "region", "userPoolId", "userName", "callerContext", "request", "response"];

const WHAT_IT_TAKES: &str = "let its input take that, or bring it to a function of `resources`";

const fn way(
    type_: &'static str,
    path: &'static [&'static str],
    what: &'static str,
    fields: &'static [&'static str],
) -> Way {
    Way { type_, path, what, fields, taken_apart: false, help: WHAT_IT_TAKES }
}

const fn request(
    type_: &'static str,
    path: &'static [&'static str],
    what: &'static str,
    fields: &'static [&'static str],
) -> Way {
    Way { type_, path, what, fields, taken_apart: true, help: "let an API of the spec call it" }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample>,
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html>,
/// <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>,
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>,
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html>,
/// <https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html>,
/// <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>
pub(super) const BRINGS: [Way; 19] = [
    way(
        "AWS::S3::Bucket",
        &["NotificationConfiguration", "LambdaConfigurations", "*", "Function"],
        "a notification of a bucket",
        &["Records"],
    ),
    way(
        "AWS::S3::Bucket",
        &["NotificationConfiguration", "QueueConfigurations", "*", "Queue"],
        "a notification of a bucket",
        &["Records"],
    ),
    way("AWS::Logs::SubscriptionFilter", &["DestinationArn"], "a batch of log entries", &["awslogs"]),
    way("AWS::CloudWatch::Alarm", &["AlarmActions", "*"], "an alarm", &ALARM),
    way("AWS::CloudWatch::Alarm", &["OKActions", "*"], "an alarm", &ALARM),
    way("AWS::CloudWatch::CompositeAlarm", &["AlarmActions", "*"], "an alarm", &ALARM),
    way(
        "AWS::SecretsManager::RotationSchedule",
        &["RotationLambdaARN"],
        "a step of a rotation",
        &["SecretId", "ClientRequestToken", "Step", "RotationToken"],
    ),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "PreSignUp"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "PostConfirmation"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "PreAuthentication"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "PostAuthentication"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "PreTokenGeneration"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "CustomMessage"], "an event of a user pool", &OF_POOLS),
    way("AWS::Cognito::UserPool", &["LambdaConfig", "UserMigration"], "an event of a user pool", &OF_POOLS),
    way(
        "AWS::SES::ReceiptRule",
        &["Rule", "Actions", "*", "LambdaAction", "FunctionArn"],
        "a mail that was received",
        &["Records"],
    ),
    way(
        "AWS::KinesisFirehose::DeliveryStream",
        &[
            "ExtendedS3DestinationConfiguration",
            "ProcessingConfiguration",
            "Processors",
            "*",
            "Parameters",
            "*",
            "ParameterValue",
        ],
        "a batch of records",
        &["invocationId", "deliveryStreamArn", "sourceKinesisStreamArn", "region", "records"],
    ),
    request("AWS::Lambda::Url", &["TargetFunctionArn"], "a request of a function URL", &REQUEST),
    request(
        "AWS::ElasticLoadBalancingV2::TargetGroup",
        &["Targets", "*", "Id"],
        "a request of a load balancer",
        &BALANCED,
    ),
    request("AWS::ApiGatewayV2::Integration", &["IntegrationUri"], "a request of an API", &REQUEST),
];
