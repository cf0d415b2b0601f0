// The AWS SDK for JavaScript talks to `evc dev`, which the environment names: node sdk.cjs '{"table": .., "bus": .., "machine": .., "function": ..}'.
// It reads answers by AWS's models, as boto3 does, by code of its own. Prints `ok`.

const assert = require("node:assert");
const { randomUUID } = require("node:crypto");
const dynamodb = require("@aws-sdk/client-dynamodb");
const events = require("@aws-sdk/client-eventbridge");
const lambda = require("@aws-sdk/client-lambda");
const logs = require("@aws-sdk/client-cloudwatch-logs");
const secrets = require("@aws-sdk/client-secrets-manager");
const sfn = require("@aws-sdk/client-sfn");
const sns = require("@aws-sdk/client-sns");
const sqs = require("@aws-sdk/client-sqs");
const ssm = require("@aws-sdk/client-ssm");

const given = JSON.parse(process.argv[2]);

/** What is refused, by the name of the SDK's exception. */
const refused = (name, asked) => assert.rejects(asked, (error) => error.name === name && Boolean(error.message));

/** All entries of a paginated list, of pages of one. */
async function all(paginate, client, input, field) {
  const found = [];
  for await (const page of paginate({ client, pageSize: 1 }, input)) {
    assert((page[field] ?? []).length <= 1, JSON.stringify(page));
    found.push(...(page[field] ?? []));
  }
  return found;
}

async function tables() {
  const client = new dynamodb.DynamoDBClient();
  const key = { orderId: { S: randomUUID() }, customerId: { S: "sdk" } };
  await client.send(new dynamodb.PutItemCommand({ TableName: given.table, Item: key }));
  const found = await all(dynamodb.paginateScan, client, { TableName: given.table }, "Items");
  assert(found.some((item) => item.orderId.S === key.orderId.S));
  const again = { TableName: given.table, Item: key, ConditionExpression: "attribute_not_exists(orderId)" };
  await refused("ConditionalCheckFailedException", client.send(new dynamodb.PutItemCommand(again)));
  await refused("ResourceNotFoundException", client.send(new dynamodb.GetItemCommand({ TableName: "none", Key: key })));
  await client.send(new dynamodb.DeleteItemCommand({ TableName: given.table, Key: key }));
}

async function messages() {
  const client = new sqs.SQSClient();
  const { QueueUrl } = await client.send(new sqs.CreateQueueCommand({ QueueName: `sdk-${randomUUID()}` }));
  // The SDK checks digests.
  const MessageAttributes = { kind: { DataType: "String", StringValue: "é" } };
  await client.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "one", MessageAttributes }));
  const { Messages } = await client.send(new sqs.ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["All"] }));
  assert.deepStrictEqual([Messages[0].Body, Messages[0].MessageAttributes.kind.StringValue], ["one", "é"]);
  await client.send(new sqs.DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0].ReceiptHandle }));
  assert((await all(sqs.paginateListQueues, client, {}, "QueueUrls")).includes(QueueUrl));
  await client.send(new sqs.DeleteQueueCommand({ QueueUrl }));
  await refused("QueueDoesNotExist", client.send(new sqs.SendMessageCommand({ QueueUrl, MessageBody: "x" })));
}

async function topics() {
  const client = new sns.SNSClient();
  const { Topics } = await client.send(new sns.ListTopicsCommand({}));
  const { MessageId } = await client.send(new sns.PublishCommand({ TopicArn: Topics[0].TopicArn, Message: "m" }));
  assert(MessageId);
  await refused("NotFoundException", client.send(new sns.PublishCommand({ TopicArn: `${Topics[0].TopicArn}-none`, Message: "m" })));
}

async function buses() {
  const client = new events.EventBridgeClient();
  const { Rules } = await client.send(new events.ListRulesCommand({ EventBusName: given.bus, Limit: 1 }));
  assert.strictEqual(Rules.length, 1);
  const entry = { EventBusName: given.bus, Source: "sdk", DetailType: "Said", Detail: "{}" };
  const put = await client.send(new events.PutEventsCommand({ Entries: [entry, { ...entry, Detail: "[]" }] }));
  assert.deepStrictEqual([put.FailedEntryCount, put.Entries[1].ErrorCode], [1, "MalformedDetail"]);
  await refused("ResourceNotFoundException", client.send(new events.DescribeRuleCommand({ Name: "none", EventBusName: given.bus })));
}

async function workflows() {
  const client = new sfn.SFNClient();
  const stateMachineArn = given.machine;
  const { executionArn, startDate } = await client.send(new sfn.StartExecutionCommand({ stateMachineArn, input: "{}" }));
  assert(startDate instanceof Date && Math.abs(startDate - Date.now()) < 3_600_000 * 24);
  await client.send(new sfn.StopExecutionCommand({ executionArn }));
  const found = await all(sfn.paginateListExecutions, client, { stateMachineArn }, "executions");
  assert(found.some((it) => it.executionArn === executionArn));
  const history = await all(sfn.paginateGetExecutionHistory, client, { executionArn }, "events");
  assert.strictEqual(history[0].type, "ExecutionStarted");
  await refused("ExecutionDoesNotExist", client.send(new sfn.DescribeExecutionCommand({ executionArn: `${executionArn}-none` })));
}

async function settings() {
  const client = new secrets.SecretsManagerClient();
  const [secret] = await all(secrets.paginateListSecrets, client, {}, "SecretList");
  assert(secret.ARN);
  await refused("ResourceNotFoundException", client.send(new secrets.GetSecretValueCommand({ SecretId: "none" })));
  const parameters = new ssm.SSMClient();
  await refused("ParameterNotFound", parameters.send(new ssm.GetParameterCommand({ Name: "/none" })).catch((error) => {
    // SSM gives this error no message.
    error.message ||= "none";
    throw error;
  }));
  assert(Array.isArray(await all(ssm.paginateDescribeParameters, parameters, {}, "Parameters")));
}

async function functions() {
  const client = new lambda.LambdaClient();
  assert((await all(lambda.paginateListFunctions, client, {}, "Functions")).some((it) => it.FunctionName === given.function));
  const answer = await client.send(new lambda.InvokeCommand({ FunctionName: given.function, Payload: "{}" }));
  assert.deepStrictEqual([answer.StatusCode, answer.FunctionError], [200, "Unhandled"]);
  await refused("ResourceNotFoundException", client.send(new lambda.InvokeCommand({ FunctionName: "none" })));
  const lines = new logs.CloudWatchLogsClient();
  const logGroupName = `/aws/lambda/${given.function}`;
  const found = await all(logs.paginateFilterLogEvents, lines, { logGroupName, filterPattern: "START" }, "events");
  assert(found.length > 0);
  await refused("ResourceNotFoundException", lines.send(new logs.FilterLogEventsCommand({ logGroupName: "/none" })));
}

(async () => {
  for (const part of [tables, messages, topics, buses, workflows, settings, functions]) {
    await part().catch((error) => {
      throw new Error(`${part.name}: ${error.stack}`);
    });
  }
  console.log("ok");
})();
