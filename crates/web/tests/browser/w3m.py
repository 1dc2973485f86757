"""Walks to a word on a page in w3m, presses what is there, and prints the page that comes: w3m.py URL WORD"""
import fcntl, os, pty, select, struct, subprocess, sys, tempfile, termios, time

url, word = sys.argv[1:3]
home = tempfile.TemporaryDirectory()
saved = os.path.join(home.name, "page")
screen, terminal = pty.openpty()
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
env = dict(os.environ, HOME=home.name, TERM="xterm", LANG="C.UTF-8", LC_ALL="C.UTF-8")
w3m = subprocess.Popen(["w3m", "-I", "UTF-8", "-O", "UTF-8", url], stdin=terminal, stdout=terminal, stderr=terminal, env=env)


def settle(seconds):
    """Reads what is drawn until nothing was drawn for a while."""
    end = time.time() + 10
    while time.time() < end and select.select([screen], [], [], seconds)[0]:
        os.read(screen, 65536)


def keys(text):
    os.write(screen, text.encode())
    settle(1.0)


try:
    settle(1.5)
    keys("/" + word + "\r")   # finds the word
    keys("\r")                # presses what is there
    keys("S")                 # saves the page as shown
    keys("\x15" + saved + "\r")
    print(open(saved, encoding="utf-8").read())
finally:
    w3m.kill()
    w3m.wait()
