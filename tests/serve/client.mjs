// OpenAI's JavaScript client against a server: node client.mjs URL FOLDER, where FOLDER has node_modules.
import { createRequire } from "node:module";
import assert from "node:assert";

const [url, folder] = process.argv.slice(2);
const OpenAI = createRequire(`${folder}/`)("openai").default;
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
const ask = (content, more = {}) => ({ model: "policy", messages: [{ role: "user", content }], ...more });

const whole = await client.chat.completions.create(ask("What is number 7?"));
assert.equal(whole.choices[0].message.content, "It is 7.");
assert.ok(whole.dynamicrag.query_id);

let text = "", last;
const options = { stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create(ask("What is number 8?", options))) {
  text += chunk.choices[0]?.delta?.content ?? "";
  last = chunk;
}
assert.equal(text, "It is 8.");
assert.equal(last.usage.completion_tokens, 3);

await assert.rejects(
  client.chat.completions.create({ ...ask("x"), model: "none" }),
  (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
);
await assert.rejects(
  client.chat.completions.create(ask("x", { n: 2 })),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "n",
);
const stream = await client.chat.completions.create(ask("A slow one?", { stream: true }));
for await (const chunk of stream) {
  if (chunk.choices[0]?.delta?.content) stream.controller.abort();
}
assert.deepEqual((await client.models.list()).data.map((each) => each.id), ["policy"]);
console.log("done");
