// What a program is told by the types, under strict, as an ES module and as CommonJS.
import { RateLimited, Watchword, webhooks } from "watchword";
import type { CheckResult, Event, Listing, MessageSummary, SentMessage } from "watchword";
import { FakeServer } from "watchword/testing";
import { Webhook } from "watchword/webhooks";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

export async function program(client: Watchword, headers: Record<string, string | undefined>) {
  const sent = await client.messages.send({ to: "x", templateId: "t", params: { a: "b" }, purpose: headers["x"] });
  same<typeof sent, SentMessage>(true);
  same<typeof sent.expiresAt, Date>(true);
  const listed = client.messages.list({ status: "pending", limit: 3 });
  same<typeof listed, Listing<MessageSummary>>(true);
  const checked = await client.verifications.check({ messageId: "x", code: "1" });
  same<typeof checked, CheckResult>(true);
  for await (const event of client.events.stream({ type: "delivery" })) {
    same<typeof event, Event>(true);
    break;
  }
  same<ReturnType<Webhook["verify"]>, Event>(true);
  const rows = webhooks.verify("{}", headers, "s", { username: "u" }).rows;
  same<typeof rows, Array<Record<string, unknown>>>(true);
  const other: Watchword = client.withOptions({ maxRetries: 0 });
  try {
    await other.messages.resend("x", { channel: "voice" });
  } catch (error) {
    if (error instanceof RateLimited) same<typeof error.retryAfter, number | undefined>(true);
  }
  new Watchword({ baseUrl: process.env["URL"], fetch: new FakeServer().fetch });
  new Watchword({ fetch });

  // @ts-expect-error: a positional argument
  await client.messages.send("x");
  // @ts-expect-error: not an id
  await client.messages.get(1);
  // @ts-expect-error: no such argument
  await client.messages.send({ to: "x", templateId: "t", template: "t" });
  // @ts-expect-error: the template is missing
  await client.messages.send({ to: "x" });
  // @ts-expect-error: no such member
  sent.message_id;
}
