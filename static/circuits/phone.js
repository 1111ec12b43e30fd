// One's extension as a telephone: SIP over a WebSocket, audio by WebRTC, both by JsSIP.
(function () {
  "use strict";

  var DOMAIN = "tronco.invalid"; // the switch knows one domain, whatever it is called
  var RETRY_S = 30;
  var KEY_MS = 120;
  var GATHER_MS = 1500; // a STUN server that does not answer delays a call no longer

  var place = document.querySelector("[data-phone]");
  if (!place) return;
  var words = JSON.parse(document.getElementById("phone-words").textContent);
  var number = part("number");
  var audio = part("audio");
  var title = document.title;
  var ua = null;
  var mine = null; // what this page signs in with
  var session = null; // the call there is
  var sounds = null;
  var clock = null;
  var asked = 0;

  function part(name) { return place.querySelector("[data-" + name + "]"); }
  function button(name) { return place.querySelector('[data-do="' + name + '"]'); }
  function word(name, who) { return words[name].replace("{who}", who || ""); }

  function say(text, color) {
    part("status").textContent = text;
    part("dot").className = "status-dot bg-" + (color || "secondary") + (color === "yellow" ? " status-dot-animated" : "");
  }

  function post(address, values) {
    var data = new FormData();
    Object.keys(values || {}).forEach(function (name) { data.append(name, values[name]); });
    data.append("csrfmiddlewaretoken", place.querySelector("[name=csrfmiddlewaretoken]").value);
    return fetch(address, { method: "POST", body: data, credentials: "same-origin", keepalive: true });
  }

  // -- signing in -------------------------------------------------------------------------------

  function start() {
    if (!navigator.mediaDevices || !place.dataset.address) { say(word("no-address"), "red"); return; }
    asked = Date.now();
    post(place.dataset.open).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      return answer.json();
    }).then(open, function () { say(word("no-credentials"), "red"); });
  }

  function open(given) {
    var old = mine;
    mine = given;
    if (ua) ua.stop();
    if (old) post(place.dataset.close, { name: old.name });
    var one = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(place.dataset.address)],
      uri: "sip:" + given.name + "@" + DOMAIN,
      authorization_user: given.name,
      password: given.password,
      register_expires: 60,
      session_timers: false,
      user_agent: "Tronco"
    });
    ua = one;
    one.on("connecting", function () { if (!session && one === ua) say(word("connecting"), "yellow"); });
    one.on("disconnected", function () { if (one === ua) { ready(false); say(word("offline"), "red"); } });
    one.on("registered", function () { if (one === ua) { ready(true); if (!session) say(word("ready"), "green"); } });
    one.on("registrationFailed", function () { if (one === ua) { ready(false); again(); } });
    one.on("newRTCSession", function (event) { if (event.originator === "remote") arrived(event.session); });
    one.start();
    setTimeout(renew, (given.lasts_s - 300) * 1000);
  }

  // The time of what it signs in with is over: a new one, but not in the middle of a call.
  function renew() {
    if (session) setTimeout(renew, 60000);
    else start();
  }
  function again() {
    say(word("offline"), "red");
    setTimeout(start, Math.max(0, asked + RETRY_S * 1000 - Date.now()));
  }
  function ready(is) { button("call").disabled = !is; }

  // -- a call -----------------------------------------------------------------------------------

  function call() {
    var wanted = number.value.replace(/[^0-9A-Za-z*#+._-]/g, "");
    if (!wanted || session || button("call").disabled) { number.focus(); return; }
    take(ua.call("sip:" + encodeURIComponent(wanted) + "@" + DOMAIN, media()), wanted);
    if (!session) return; // the microphone was refused at once
    say(word("calling", who()), "yellow");
    button("hang-up").focus();
    listen();
  }
  function media() {
    return { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: mine.ice } };
  }

  function arrived(one) {
    if (session) { one.terminate({ status_code: 486 }); return; }
    var from = one.remote_identity;
    take(one, from.uri.user && from.uri.user !== "anonymous" ? from.uri.user : "");
    var text = word("incoming", from.display_name ? from.display_name + " · " + who() : who());
    part("who").textContent = text;
    part("incoming").hidden = false;
    document.title = "☎ " + text;
    say(text, "yellow");
    button("answer").focus();
    tone([[425, 1000], [0, 4000]]);
    one.on("peerconnection", listen);
  }

  function take(one, other) {
    session = one;
    session.other = other;
    show();
    one.on("progress", function (event) {
      if (one.direction !== "outgoing") return;
      say(word("ringing", who()), "yellow");
      // What the other side sends before it answers is heard instead.
      if (event.response && !event.response.body) tone([[425, 1000], [0, 4000]]);
    });
    one.on("icecandidate", function (event) { setTimeout(event.ready, GATHER_MS); });
    one.on("accepted", talking);
    one.on("ended", function () { over(word("ended")); });
    one.on("failed", function (event) { over(why(event)); });
    one.on("hold", function (event) { if (event.originator === "local") held(true); });
    one.on("unhold", function (event) { if (event.originator === "local") held(false); });
  }

  function listen() {
    var connection = session && session.connection;
    if (!connection) return;
    connection.addEventListener("track", function (event) {
      audio.srcObject = event.streams[0] || new MediaStream([event.track]);
    });
  }

  function talking() {
    tone();
    part("incoming").hidden = true;
    say(word("talking", who()), "green");
    var since = Date.now();
    clearInterval(clock);
    clock = setInterval(function () {
      var s = Math.floor((Date.now() - since) / 1000);
      part("clock").textContent = Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
    }, 500);
    show();
    if (part("incoming").contains(document.activeElement) || document.activeElement === document.body) button("hang-up").focus();
  }

  function over(text) {
    var hadFocus = part("busy").contains(document.activeElement) || part("incoming").contains(document.activeElement) || document.activeElement === document.body;
    session = null;
    tone();
    clearInterval(clock);
    part("clock").textContent = "";
    part("incoming").hidden = true;
    document.title = title;
    audio.srcObject = null;
    say(text, button("call").disabled ? "red" : "green");
    show();
    if (hadFocus) number.focus();
  }

  function why(event) {
    if (event.originator === "local" && event.cause === JsSIP.C.causes.USER_DENIED_MEDIA_ACCESS) return word("no-microphone");
    if (event.cause === JsSIP.C.causes.CANCELED) return word("ended");
    var status = event.message && event.message.status_code;
    var known = { 402: "no-credit", 403: "not-allowed", 404: "not-found", 408: "no-answer", 480: "no-answer", 484: "not-found", 486: "busy", 603: "declined" };
    return word(known[status] || (event.originator === "local" ? "ended" : "failed"));
  }

  function who() { return shown(session.other) || word("unknown"); }
  function shown(text) {
    return text.replace(/^(?:\+?55)?0?(\d\d)(9?\d{4})(\d{4})$/, "($1) $2-$3");
  }

  // -- what is shown ----------------------------------------------------------------------------

  function show() {
    var rings = !!session && session.direction === "incoming" && !session.isEstablished();
    part("idle").hidden = part("dial").hidden = !!session;
    part("keys").hidden = rings;
    part("busy").hidden = !session || rings;
    var talks = !!session && session.isEstablished();
    button("mute").disabled = button("hold").disabled = !talks;
    press("mute", talks && session.isMuted().audio, "mute", "unmute");
    press("hold", talks && session.isOnHold().local, "hold", "resume");
  }
  function press(name, is, off, on) {
    button(name).classList.toggle("active", is);
    button(name).querySelector("[data-label]").textContent = word(is ? on : off);
  }
  function held(is) {
    say(word(is ? "held" : "talking", who()), is ? "yellow" : "green");
    show();
  }

  // -- tones, made here: nothing to fetch --------------------------------------------------------

  function tone(pattern) {
    if (sounds) { clearTimeout(sounds.timer); sounds.context.close(); sounds = null; }
    if (!pattern || !window.AudioContext) return;
    var context = new AudioContext();
    sounds = { context: context };
    var at = 0;
    (function next() {
      var step = pattern[at++ % pattern.length];
      if (step[0]) {
        var source = context.createOscillator();
        var volume = context.createGain();
        volume.gain.value = 0.1;
        source.frequency.value = step[0];
        source.connect(volume).connect(context.destination);
        source.start();
        source.stop(context.currentTime + step[1] / 1000);
      }
      sounds.timer = setTimeout(next, step[1]);
    })();
  }

  // -- hands ------------------------------------------------------------------------------------

  function key(digit) {
    if (session && session.isEstablished()) session.sendDTMF(digit, { transportType: JsSIP.C.DTMF_TRANSPORT.RFC2833, duration: KEY_MS, interToneGap: KEY_MS });
    else if (!session) number.value += digit;
  }

  var hands = {
    call: call,
    erase: function () { number.value = number.value.slice(0, -1); number.focus(); },
    answer: function () { session.answer(media()); },
    decline: function () { session.terminate({ status_code: 603 }); },
    "hang-up": function () { session.terminate(); },
    mute: function () {
      if (session.isMuted().audio) session.unmute({ audio: true });
      else session.mute({ audio: true });
      say(word("talking", who()) + (session.isMuted().audio ? " · " + word("muted") : ""), "green");
      show();
    },
    hold: function () {
      if (session.isOnHold().local) session.unhold();
      else session.hold();
    }
  };

  place.addEventListener("click", function (event) {
    var pressed = event.target.closest("button");
    if (!pressed) return;
    if (pressed.dataset.key) key(pressed.dataset.key);
    else if (pressed.dataset.do) hands[pressed.dataset.do]();
  });
  part("dial").addEventListener("submit", function (event) { event.preventDefault(); call(); });
  document.addEventListener("keydown", function (event) {
    var typing = event.target.matches("input, textarea, select");
    if (!session || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9*#]$/.test(event.key)) key(event.key);
  });
  window.addEventListener("beforeunload", function (event) {
    if (session) { event.preventDefault(); event.returnValue = word("leave"); }
  });
  window.addEventListener("pagehide", function () {
    if (ua) ua.stop();
    if (mine) post(place.dataset.close, { name: mine.name });
  });

  // Shown again as it was left: its telephone is gone.
  window.addEventListener("pageshow", function (event) { if (event.persisted) location.reload(); });

  start();
})();
