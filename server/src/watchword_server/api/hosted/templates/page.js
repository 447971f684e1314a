if ("OTPCredential" in window) {
  const input = document.getElementById("code");
  const abort = new AbortController();
  input.form.addEventListener("submit", () => abort.abort());
  navigator.credentials.get({ otp: { transport: ["sms"] }, signal: abort.signal })
    .then((found) => { input.value = found.code; input.form.requestSubmit(); })
    .catch(() => {});
}
