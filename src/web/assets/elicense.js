// Copies a field of a face; pages work without it.
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  function fallback(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.setAttribute("readonly", "");
    area.className = "off-screen";
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done;
  }
  function told(button, done) {
    var before = button.textContent;
    button.textContent = done ? "已复制" : "请手工复制";
    setTimeout(function () { button.textContent = before; }, 1500);
  }
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (button) {
      var value = button.parentElement.querySelector(".value").textContent;
      if (navigator.clipboard && window.isSecureContext) {
        navigator.clipboard.writeText(value).then(
          function () { told(button, true); },
          function () { told(button, fallback(value)); });
      } else {
        told(button, fallback(value));
      }
    }
    if (event.target.closest("[data-print]")) { window.print(); }
  });
})();
