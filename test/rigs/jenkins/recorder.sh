#!/usr/bin/env bash
# Stands for the programs that shell steps call: writes down how it was called and what it saw, and ends as the first rule
# that matches tells, lines of <pattern>~<exit code, hang or abort>~<what it prints>.
name=${0##*/}
line="$name $*"
status=0
answer=
while IFS='~' read -r pattern code out; do
  if [[ $line =~ $pattern ]]; then
    status=$code
    answer=$out
    break
  fi
done < "$RULES"

{
  printf '%s' "$name"
  for argument in "$@"; do printf '\037%s' "$argument"; done
  printf '\035'
  for variable in DEPLOY_BY DEPLOY_PATH DOCKER_CONFIG ENV_FILE JENKINS_HOME REGISTRY_LOGIN_PSW; do
    if [ -n "${!variable+set}" ]; then printf '%s=%s\037' "$variable" "${!variable}"; fi
  done
  if [ -r .env ]; then printf 'settings=%s\037' "$(cat .env)"; fi
  case "$line" in *--password-stdin*) printf 'stdin=%s\037' "$(cat)" ;; esac
  case "$status" in hang | abort) printf 'interruption=%s\037' "$status" ;; esac
  printf '\036'
} >> "$JOURNAL"

if [ -n "$answer" ]; then printf '%s\n' "$answer"; fi
case "$status" in hang | abort) exit 143 ;; *) exit "$status" ;; esac
