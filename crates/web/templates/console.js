'use strict';
// Tells how many a form would reach, while it is filled in: an output names the address that knows.
(function () {
  var told = document.querySelector('output[data-count-at]');
  if (!told || !window.fetch || !window.URLSearchParams) return;
  var form = told.closest('form'), timer = 0;
  form.addEventListener('change', function () {
    clearTimeout(timer);
    timer = setTimeout(function () {
      fetch(told.dataset.countAt, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams(new FormData(form)) })
        .then(function (answer) { return answer.redirected ? '' : answer.text(); })
        .then(function (text) { told.textContent = text; })
        .catch(function () { told.textContent = ''; });
    }, 300);
  });
})();
// Keeps the numbers of a page up to date: the server says when something changed, and what is marked is fetched again.
(function () {
  var at = document.body.dataset.live;
  if (!at || !window.EventSource || !window.fetch || !window.DOMParser) return;
  var busy = false, again = false;
  function load() {
    if (busy) { again = true; return; }
    busy = true;
    fetch(at, { credentials: 'same-origin' }).then(function (answer) {
      if (answer.redirected) { location.assign(answer.url); return ''; }
      if (!answer.ok) throw new Error(answer.status);
      return answer.text();
    }).then(function (html) {
      var page = new DOMParser().parseFromString(html, 'text/html');
      document.querySelectorAll('[data-swap]').forEach(function (old) {
        var fresh = page.getElementById(old.id);
        if (fresh && !old.contains(document.activeElement)) old.replaceWith(document.importNode(fresh, true));
      });
      document.body.classList.remove('stale');
    }).catch(function () {
      document.body.classList.add('stale');
    }).then(function () {
      busy = false;
      if (again) { again = false; setTimeout(load, 1000); }
    });
  }
  if ('count' in document.body.dataset) { setInterval(load, 1000); return; }
  function listen() {
    var events = new EventSource('/live');
    events.onmessage = load;
    events.onerror = function () {
      document.body.classList.add('stale');
      // Once it was refused, in a rush or after the session, a browser does not ask again by itself.
      if (events.readyState === 2) setTimeout(function () { load(); listen(); }, 5000);
    };
  }
  listen();
  // What no event tells: time that is left, somebody who fell silent. As often as without a script.
  setInterval(function () { if (!document.hidden) load(); }, 10000);
  document.addEventListener('visibilitychange', function () { if (!document.hidden) load(); });
})();
