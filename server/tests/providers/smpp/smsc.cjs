// An SMSC out of the npm package `smpp`.  Says on stdout, one JSON object per line, what it hears;
// what it does with a message follows from the last digit of the recipient (see `endings`).
// node smsc.cjs PORT SYSTEM_ID PASSWORD [KEY_FILE CERT_FILE]
"use strict";
const fs = require("fs");
const smpp = require("smpp");

const [port, systemId, password, key, cert] = process.argv.slice(2);
const tls = key ? { key: fs.readFileSync(key), cert: fs.readFileSync(cert) } : {};
const endings = { 7: "EXPIRED", 8: "REJECTD", 9: "UNDELIV" };
const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));
let count = 0x7f39;

function receipt(session, pdu, id, stat) {
  const text =
    `id:${id} sub:001 dlvrd:001 submit date:2611230734 done date:2611230735 ` +
    `stat:${stat} err:${stat === "DELIVRD" ? "000" : "027"} text:${(pdu.short_message.message || "").slice(0, 20)}`;
  const said = {
    source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, short_message: text.slice(0, 126),
    receipted_message_id: id,
  };
  session.deliver_sm(said, (answer) => tell("receipt", { id, stat, status: answer.command_status }));
}

function bind(session, pdu) {
  const status =
    pdu.system_id !== systemId ? smpp.ESME_RINVSYSID
    : pdu.password !== password ? smpp.ESME_RINVPASWD : smpp.ESME_ROK;
  session.send(pdu.response({ command_status: status, system_id: "node" }));
  tell("bind", { command: pdu.command, status, tls: Boolean(key) });
}

const server = smpp.createServer(tls, (session) => {
  let throttled = 2;
  session.on("error", () => session.destroy());
  session.on("bind_transceiver", (pdu) => bind(session, pdu));
  session.on("bind_transmitter", (pdu) => bind(session, pdu));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => session.send(pdu.response(), () => session.close()));
  session.on("submit_sm", (pdu) => {
    const last = pdu.destination_addr.slice(-1);
    if (last === "6" && throttled-- > 0)
      return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    if (last === "5") return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    const id = (++count).toString(16);
    const { message, udh } = pdu.short_message;
    const payload = pdu.message_payload && pdu.message_payload.message;
    tell("message", {
      id, to: pdu.destination_addr, from: pdu.source_addr, text: payload || message || "",
      coding: pdu.data_coding, udh: udh ? udh.map((one) => one.toString("hex")) : [],
      validity: pdu.validity_period ? 1 : 0, sar: pdu.sar_segment_seqnum || 0,
    });
    session.send(pdu.response({ message_id: id }));
    if (pdu.registered_delivery & 1) receipt(session, pdu, id, endings[last] || "DELIVRD");
  });
});
server.on("error", (error) => tell("error", { error: String(error) }));
server.listen(Number(port), "127.0.0.1", () => tell("listening", { port: server.address().port }));
process.stdin.on("end", () => process.exit()).resume(); // goes when the test goes
