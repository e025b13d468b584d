# complete.zsh - what zsh offers at the end of each line of standard input: a candidate a line, and
# then a line with a dot.
#
# An interactive zsh on a pseudo-terminal is given a line and a Tab. What its completion adds is
# printed by a compadd in front of the shell's own, and so is a heading. TETHER_COMPLETIONS is the
# folder of the completion.
zmodload zsh/zpty || exit 2
zpty shell zsh -f -i

# The answer of the shell up to a mark that it prints; whoever runs this bounds the wait.
expect() { zpty -r shell answer "*$1*" }

zpty -w shell "PS1= PS2= TERM=dumb; unsetopt zle_bracketed_paste 2>/dev/null; stty -echo"
zpty -w shell 'fpath=($TETHER_COMPLETIONS $fpath); autoload -Uz compinit; compinit -u -D'
zpty -w shell '_peer() { compadd alpha beta }; compdef _peer peer'
zpty -w shell 'zstyle ":completion:*:descriptions" format "%d"'
zpty -w shell 'zstyle ":completion:*" list-grouped false; zstyle ":completion:*" verbose no'
# However many there are, it does not ask first whether to show them.
zpty -w shell 'LISTMAX=100000'
# Calls with -O, -A or -D only ask. Of two headings the first one counts.
zpty -w shell '
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a found before after heading
  builtin compadd -A found "$@"
  builtin compadd "$@"
  local status_of_it=$?
  zparseopts -E -a ignored P:=before S:=after X+:=heading
  local one
  for one in $found; do print -r -- "offered<$IPREFIX${before[2]}$one${after[2]}>"; done
  [[ -z $heading ]] || print -r -- "offered<${heading[2]}>"
  return $status_of_it
}'
zpty -w shell 'offer() { zle list-choices; zle kill-buffer; print "en""d" }; zle -N offer'
zpty -w shell 'bindkey "^I" offer; print "rea""dy"'
expect ready
while IFS= read -r line; do
  zpty -w -n shell "$line"$'\t'
  expect end
  for part in ${(f)${answer//$'\r'/$'\n'}}; do
    [[ $part != *offered\<*\>* ]] || print -r -- "${${part##*offered<}%>*}"
  done
  print .
done
zpty -d shell
