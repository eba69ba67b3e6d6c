# Sourced: apt_install PACKAGE... installs as root or through sudo, or says what a person must do.
apt_install() {
  root=""
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then root="sudo"; else
      echo "not root and no sudo: ask for 'apt-get install $*'" >&2
      return 1
    fi
  fi
  $root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
