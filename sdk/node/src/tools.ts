// Written by scripts/node_sdk.py from spec/tools.json: `make openapi` writes it anew.

/** A tool for a model. */
export interface Tool {
  name: string;
  title: string;
  description: string;
  permission: string | null;
  parameters: { properties: object; [member: string]: unknown };
  output: object;
  calls: Array<{ operation: string; method: string; path: string; body: Record<string, string> }>;
  [member: string]: unknown;
}

/** Every tool, and the form of each vendor. */
export const DEFINITIONS: { envelopes: Record<string, unknown>; tools: Tool[] } = {
 "envelopes": {
  "openai": {
   "type": "function",
   "name": "$name",
   "description": "$description",
   "parameters": "$parameters",
   "strict": true
  },
  "openai-chat": {
   "type": "function",
   "function": {
    "name": "$name",
    "description": "$description",
    "parameters": "$parameters",
    "strict": true
   }
  },
  "anthropic": {
   "name": "$name",
   "description": "$description",
   "input_schema": "$parameters",
   "strict": true
  },
  "gemini": {
   "name": "$name",
   "description": "$description",
   "parametersJsonSchema": "$parameters"
  },
  "mcp": {
   "name": "$name",
   "title": "$title",
   "description": "$description",
   "inputSchema": "$parameters",
   "outputSchema": "$output",
   "annotations": "$annotations"
  }
 },
 "tools": [
  {
   "name": "send_otp",
   "title": "Send a one-time code",
   "description": "Send a one-time code and start a verification. You never see the code: show the person verification_url, where they type it, then ask get_otp_status. Never ask for the code.",
   "permission": null,
   "scopes": [
    "messages:read",
    "messages:send"
   ],
   "parameters": {
    "type": "object",
    "properties": {
     "to": {
      "type": "string",
      "description": "The recipient: a phone number in E.164 form (`+` and the country code first), or an email address. 1 to 254 characters."
     },
     "template_id": {
      "type": [
       "string",
       "null"
      ],
      "description": "A template of list_templates. Null: otp-email for an email address, otp-sms for a number. 1 to 128 characters. It matches ^[A-Za-z0-9][A-Za-z0-9_.:-]*$"
     },
     "channel": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp",
       null
      ],
      "description": "Send on this channel alone. Null: as the template says. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "language": {
      "type": [
       "string",
       "null"
      ],
      "description": "A language tag such as en. Null: the template's own. At most 35 characters. It matches ^[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,3}$"
     },
     "purpose": {
      "type": [
       "string",
       "null"
      ],
      "description": "What it is for, such as login. Null: nothing in particular. At most 40 characters. It matches ^[a-z0-9_.-]*$"
     }
    },
    "required": [
     "to",
     "template_id",
     "channel",
     "language",
     "purpose"
    ],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The id of the verification: keep it to check the code. It matches ^ver_[0-9a-f]{32}$"
     },
     "status": {
      "type": "string",
      "enum": [
       "approved",
       "canceled",
       "exhausted",
       "expired",
       "failed",
       "pending"
      ],
      "description": "Where it is. One of approved, canceled, exhausted, expired, failed, pending."
     },
     "verification_url": {
      "type": [
       "string",
       "null"
      ],
      "description": "Where the person can type the code on a page of this server, so that nobody else sees it; null once it has ended, and where a code is bound to a payment."
     },
     "to": {
      "type": "string",
      "description": "The recipient, masked. 1 to 254 characters."
     },
     "send_channel": {
      "type": "string",
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp"
      ],
      "description": "The channel it is sent by. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "expires_at": {
      "type": "string",
      "description": "RFC 3339, UTC."
     },
     "resend_after": {
      "type": [
       "integer",
       "null"
      ],
      "description": "Seconds until it may be sent again; null when it never may."
     },
     "checks_left": {
      "type": "integer",
      "description": "Codes that will still be looked at. At least 0."
     },
     "mode": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "development",
       "live",
       "sandbox",
       null
      ],
      "description": "Only there when the project is not live: nothing leaves the server. One of development, live, sandbox."
     }
    },
    "required": [
     "message_id",
     "status",
     "verification_url",
     "to",
     "send_channel",
     "expires_at",
     "resend_after",
     "checks_left",
     "mode"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "Send a one-time code",
    "readOnlyHint": false,
    "destructiveHint": false,
    "idempotentHint": false,
    "openWorldHint": true
   },
   "calls": [
    {
     "operation": "sendMessage",
     "method": "POST",
     "path": "/v1/messages",
     "body": {
      "to": "to",
      "template_id": "template_id",
      "channel": "channel",
      "language": "language",
      "purpose": "purpose"
     }
    },
    {
     "operation": "getMessage",
     "method": "GET",
     "path": "/v1/messages/{message_id}",
     "body": {}
    }
   ]
  },
  {
   "name": "get_otp_status",
   "title": "Ask where a verification stands",
   "description": "Where a verification stands: pending until the person has typed the right code, then approved. Ask again every few seconds while it is pending.",
   "permission": null,
   "scopes": [
    "messages:read"
   ],
   "parameters": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The message_id that send_otp answered."
     }
    },
    "required": [
     "message_id"
    ],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The id of the verification: keep it to check the code. It matches ^ver_[0-9a-f]{32}$"
     },
     "status": {
      "type": "string",
      "enum": [
       "approved",
       "canceled",
       "exhausted",
       "expired",
       "failed",
       "pending"
      ],
      "description": "Where it is. One of approved, canceled, exhausted, expired, failed, pending."
     },
     "verification_url": {
      "type": [
       "string",
       "null"
      ],
      "description": "Where the person can type the code on a page of this server, so that nobody else sees it; null once it has ended, and where a code is bound to a payment."
     },
     "to": {
      "type": "string",
      "description": "The recipient, masked. 1 to 254 characters."
     },
     "send_channel": {
      "type": "string",
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp"
      ],
      "description": "The channel it is sent by. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "expires_at": {
      "type": "string",
      "description": "RFC 3339, UTC."
     },
     "resend_after": {
      "type": [
       "integer",
       "null"
      ],
      "description": "Seconds until it may be sent again; null when it never may."
     },
     "checks_left": {
      "type": "integer",
      "description": "Codes that will still be looked at. At least 0."
     },
     "mode": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "development",
       "live",
       "sandbox",
       null
      ],
      "description": "Only there when the project is not live: nothing leaves the server. One of development, live, sandbox."
     }
    },
    "required": [
     "message_id",
     "status",
     "verification_url",
     "to",
     "send_channel",
     "expires_at",
     "resend_after",
     "checks_left",
     "mode"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "Ask where a verification stands",
    "readOnlyHint": true,
    "destructiveHint": false,
    "idempotentHint": true,
    "openWorldHint": false
   },
   "calls": [
    {
     "operation": "getMessage",
     "method": "GET",
     "path": "/v1/messages/{message_id}",
     "body": {}
    }
   ]
  },
  {
   "name": "resend_otp",
   "title": "Send the same code again",
   "description": "Send the same code again, once resend_after seconds have passed.",
   "permission": null,
   "scopes": [
    "messages:read",
    "messages:send"
   ],
   "parameters": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The message_id that send_otp answered."
     },
     "channel": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp",
       null
      ],
      "description": "Another channel, such as voice. Null: the same one. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     }
    },
    "required": [
     "message_id",
     "channel"
    ],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The id of the verification: keep it to check the code. It matches ^ver_[0-9a-f]{32}$"
     },
     "status": {
      "type": "string",
      "enum": [
       "approved",
       "canceled",
       "exhausted",
       "expired",
       "failed",
       "pending"
      ],
      "description": "Where it is. One of approved, canceled, exhausted, expired, failed, pending."
     },
     "verification_url": {
      "type": [
       "string",
       "null"
      ],
      "description": "Where the person can type the code on a page of this server, so that nobody else sees it; null once it has ended, and where a code is bound to a payment."
     },
     "to": {
      "type": "string",
      "description": "The recipient, masked. 1 to 254 characters."
     },
     "send_channel": {
      "type": "string",
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp"
      ],
      "description": "The channel it is sent by. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "expires_at": {
      "type": "string",
      "description": "RFC 3339, UTC."
     },
     "resend_after": {
      "type": [
       "integer",
       "null"
      ],
      "description": "Seconds until it may be sent again; null when it never may."
     },
     "checks_left": {
      "type": "integer",
      "description": "Codes that will still be looked at. At least 0."
     },
     "mode": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "development",
       "live",
       "sandbox",
       null
      ],
      "description": "Only there when the project is not live: nothing leaves the server. One of development, live, sandbox."
     }
    },
    "required": [
     "message_id",
     "status",
     "verification_url",
     "to",
     "send_channel",
     "expires_at",
     "resend_after",
     "checks_left",
     "mode"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "Send the same code again",
    "readOnlyHint": false,
    "destructiveHint": false,
    "idempotentHint": false,
    "openWorldHint": true
   },
   "calls": [
    {
     "operation": "resendMessage",
     "method": "POST",
     "path": "/v1/messages/{message_id}/resend",
     "body": {
      "channel": "channel"
     }
    },
    {
     "operation": "getMessage",
     "method": "GET",
     "path": "/v1/messages/{message_id}",
     "body": {}
    }
   ]
  },
  {
   "name": "cancel_otp",
   "title": "End a verification",
   "description": "End a verification; its code is worth nothing from then on.",
   "permission": null,
   "scopes": [
    "messages:read",
    "messages:send"
   ],
   "parameters": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The message_id that send_otp answered."
     }
    },
    "required": [
     "message_id"
    ],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The id of the verification: keep it to check the code. It matches ^ver_[0-9a-f]{32}$"
     },
     "status": {
      "type": "string",
      "enum": [
       "approved",
       "canceled",
       "exhausted",
       "expired",
       "failed",
       "pending"
      ],
      "description": "Where it is. One of approved, canceled, exhausted, expired, failed, pending."
     },
     "verification_url": {
      "type": [
       "string",
       "null"
      ],
      "description": "Where the person can type the code on a page of this server, so that nobody else sees it; null once it has ended, and where a code is bound to a payment."
     },
     "to": {
      "type": "string",
      "description": "The recipient, masked. 1 to 254 characters."
     },
     "send_channel": {
      "type": "string",
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp"
      ],
      "description": "The channel it is sent by. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "expires_at": {
      "type": "string",
      "description": "RFC 3339, UTC."
     },
     "resend_after": {
      "type": [
       "integer",
       "null"
      ],
      "description": "Seconds until it may be sent again; null when it never may."
     },
     "checks_left": {
      "type": "integer",
      "description": "Codes that will still be looked at. At least 0."
     },
     "mode": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "development",
       "live",
       "sandbox",
       null
      ],
      "description": "Only there when the project is not live: nothing leaves the server. One of development, live, sandbox."
     }
    },
    "required": [
     "message_id",
     "status",
     "verification_url",
     "to",
     "send_channel",
     "expires_at",
     "resend_after",
     "checks_left",
     "mode"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "End a verification",
    "readOnlyHint": false,
    "destructiveHint": true,
    "idempotentHint": false,
    "openWorldHint": false
   },
   "calls": [
    {
     "operation": "cancelMessage",
     "method": "POST",
     "path": "/v1/messages/{message_id}/cancel",
     "body": {}
    },
    {
     "operation": "getMessage",
     "method": "GET",
     "path": "/v1/messages/{message_id}",
     "body": {}
    }
   ]
  },
  {
   "name": "list_templates",
   "title": "List templates",
   "description": "The templates that messages are made from: what each is for and on which channels it goes, in the order they are tried, or by which saved route. Only an approved one can be sent.",
   "permission": null,
   "scopes": [
    "templates:read"
   ],
   "parameters": {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "templates": {
      "type": "array",
      "items": {
       "type": "object",
       "properties": {
        "template_id": {
         "type": "string",
         "description": "The id of an approved template. 1 to 128 characters. It matches ^[A-Za-z0-9][A-Za-z0-9_.:-]*$"
        },
        "description": {
         "type": "string",
         "description": "What it is for. At most 255 characters."
        },
        "send_channel_strategy": {
         "type": "string",
         "description": "The channels, in the order they are tried; empty where `route` says it. At most 100 characters."
        },
        "route": {
         "type": [
          "string",
          "null"
         ],
         "description": "The saved route it is sent by."
        },
        "brand_name": {
         "type": "string",
         "description": "Who sends."
        },
        "status": {
         "type": "integer",
         "description": "1 pending, 2 approved, 3 rejected. 1 to 3."
        }
       },
       "required": [
        "template_id",
        "description",
        "send_channel_strategy",
        "route",
        "brand_name",
        "status"
       ],
       "additionalProperties": false
      },
      "description": "List templates"
     }
    },
    "required": [
     "templates"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "List templates",
    "readOnlyHint": true,
    "destructiveHint": false,
    "idempotentHint": true,
    "openWorldHint": false
   },
   "calls": [
    {
     "operation": "listTemplates",
     "method": "GET",
     "path": "/v1/template-configs",
     "body": {}
    }
   ]
  },
  {
   "name": "next_step",
   "title": "Ask what to do next",
   "description": "What is missing before people can be verified, and the one thing to do next.",
   "permission": null,
   "scopes": [],
   "parameters": {
    "type": "object",
    "properties": {},
    "required": [],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "step": {
      "type": "string",
      "enum": [
       "add_provider",
       "add_webhook",
       "approve_template",
       "done",
       "get_scope",
       "go_live",
       "send",
       "verify"
      ],
      "description": "What to do. One of add_provider, add_webhook, approve_template, done, get_scope, go_live, send, verify."
     },
     "why": {
      "type": "string",
      "description": "What is missing."
     },
     "action": {
      "type": "string",
      "description": "How to do it."
     },
     "command": {
      "type": "string",
      "description": "A command that does or shows it, for whoever runs the server."
     },
     "doc_url": {
      "type": "string",
      "description": "The page about it, as Markdown."
     },
     "done": {
      "type": "array",
      "items": {
       "type": "string"
      },
      "description": "The steps before it."
     }
    },
    "required": [
     "step",
     "why",
     "action",
     "command",
     "doc_url",
     "done"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "Ask what to do next",
    "readOnlyHint": true,
    "destructiveHint": false,
    "idempotentHint": true,
    "openWorldHint": false
   },
   "calls": [
    {
     "operation": "getNextStep",
     "method": "GET",
     "path": "/v1/agent/next-step",
     "body": {}
    }
   ]
  },
  {
   "name": "verify_otp",
   "title": "Check a code",
   "description": "Check a code. Prefer verification_url, where the person types it without your seeing it.",
   "permission": "agent:verify",
   "scopes": [
    "agent:verify",
    "messages:read",
    "verifications:check"
   ],
   "parameters": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The message_id that send_otp answered. 1 to 64 characters. It matches ^ver_[0-9a-f]{32}$"
     },
     "code": {
      "type": "string",
      "description": "What the person typed. 1 to 32 characters."
     }
    },
    "required": [
     "message_id",
     "code"
    ],
    "additionalProperties": false
   },
   "output": {
    "type": "object",
    "properties": {
     "message_id": {
      "type": "string",
      "description": "The id of the verification: keep it to check the code. It matches ^ver_[0-9a-f]{32}$"
     },
     "status": {
      "type": "string",
      "enum": [
       "approved",
       "canceled",
       "exhausted",
       "expired",
       "failed",
       "pending"
      ],
      "description": "Where it is. One of approved, canceled, exhausted, expired, failed, pending."
     },
     "verification_url": {
      "type": [
       "string",
       "null"
      ],
      "description": "Where the person can type the code on a page of this server, so that nobody else sees it; null once it has ended, and where a code is bound to a payment."
     },
     "to": {
      "type": "string",
      "description": "The recipient, masked. 1 to 254 characters."
     },
     "send_channel": {
      "type": "string",
      "enum": [
       "email",
       "rcs",
       "silent",
       "sms",
       "telegram",
       "viber",
       "voice",
       "whatsapp"
      ],
      "description": "The channel it is sent by. One of email, rcs, silent, sms, telegram, viber, voice, whatsapp."
     },
     "expires_at": {
      "type": "string",
      "description": "RFC 3339, UTC."
     },
     "resend_after": {
      "type": [
       "integer",
       "null"
      ],
      "description": "Seconds until it may be sent again; null when it never may."
     },
     "checks_left": {
      "type": "integer",
      "description": "Codes that will still be looked at. At least 0."
     },
     "mode": {
      "type": [
       "string",
       "null"
      ],
      "enum": [
       "development",
       "live",
       "sandbox",
       null
      ],
      "description": "Only there when the project is not live: nothing leaves the server. One of development, live, sandbox."
     }
    },
    "required": [
     "message_id",
     "status",
     "verification_url",
     "to",
     "send_channel",
     "expires_at",
     "resend_after",
     "checks_left",
     "mode"
    ],
    "additionalProperties": false
   },
   "annotations": {
    "title": "Check a code",
    "readOnlyHint": false,
    "destructiveHint": false,
    "idempotentHint": false,
    "openWorldHint": false
   },
   "calls": [
    {
     "operation": "checkVerification",
     "method": "POST",
     "path": "/v1/verifications",
     "body": {
      "message_id": "message_id",
      "verify_code": "code"
     }
    },
    {
     "operation": "getMessage",
     "method": "GET",
     "path": "/v1/messages/{message_id}",
     "body": {}
    }
   ]
  }
 ]
};
