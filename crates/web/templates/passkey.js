// Passkeys: a form that has a challenge asks the device, and posts what it says.
(function () {
  var forms = document.querySelectorAll('form[data-passkey]');
  if (!forms.length || !window.PublicKeyCredential || !navigator.credentials) return;
  function bytes(text) {
    var plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }
  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  }
  function make(ask) {
    var known = ask.known ? ask.known.split(' ') : [];
    return navigator.credentials.create({ publicKey: {
      rp: { id: ask.domain, name: ask.site },
      user: { id: bytes(ask.user), name: ask.login, displayName: ask.login },
      challenge: bytes(ask.challenge),
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
      excludeCredentials: known.map(function (id) { return { type: 'public-key', id: bytes(id) }; })
    } });
  }
  function use(ask) {
    return navigator.credentials.get({ publicKey: {
      rpId: ask.domain, challenge: bytes(ask.challenge), userVerification: 'required'
    } });
  }
  forms.forEach(function (form) {
    var ask = form.dataset, fields = form.elements, trouble = form.querySelector('output');
    form.hidden = false;
    form.addEventListener('submit', function (event) {
      event.preventDefault();
      (ask.passkey === 'add' ? make(ask) : use(ask)).then(function (key) {
        var said = key.response;
        fields.client.value = text(said.clientDataJSON);
        fields.authenticator.value = text(ask.passkey === 'add' ? said.getAuthenticatorData() : said.authenticatorData);
        if (ask.passkey !== 'add') {
          fields.credential.value = text(key.rawId);
          fields.signature.value = text(said.signature);
        }
        form.submit();
      }).catch(function () {
        trouble.textContent = 'パスキーを使えませんでした。この画面を開き直して、もう一度試してください。';
        trouble.hidden = false;
      });
    });
  });
})();
