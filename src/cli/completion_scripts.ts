import type { Shell } from "./completion.ts";

// Each script asks `mypaas __complete -- WORD...` for lines of a word, a tab and its description; the line `:files` stands
// for names of files. What comes back is data: no script gives it to eval, compgen -W or another place that expands it.

/** So that `${$}{x}` is the shell's own. */
const $ = "$";

const BASH = String.raw`# bash completion of mypaas.
# For this shell:   source <(mypaas completion bash)
# For every shell:  mypaas completion bash > ~/.local/share/bash-completion/completions/mypaas
# (the latter needs the package bash-completion; else write it to a file that ~/.bashrc sources)
_mypaas() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("${$}{line%%$'\t'*}")
    fi
  done < <(command mypaas __complete -- "${$}{COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _mypaas mypaas
`;

const ZSH = String.raw`#compdef mypaas
# zsh completion of mypaas.
# For this shell:   source <(mypaas completion zsh)
# For every shell:  mypaas completion zsh > ~/.zfunc/_mypaas
# and in ~/.zshrc, before compinit:  fpath=(~/.zfunc $fpath); autoload -U compinit; compinit
_mypaas() {
  local line files
  local -a values lines
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      files=1
    else
      values+=("${$}{line%%$'\t'*}")
      lines+=("${$}{line//$'\t'/ -- }")
    fi
  done < <(command mypaas __complete -- "${$}{(@Q)words[2,CURRENT-1]}" "${$}{(Q)PREFIX}" 2>/dev/null)
  if [[ -n $files ]]; then _files; fi
  if (( $#values )); then compadd -l -d lines -- "${$}{values[@]}"; fi
}
if [[ $funcstack[1] == _mypaas ]]; then
  _mypaas "$@"
elif (( $+functions[compdef] )); then
  compdef _mypaas mypaas
else
  print -u2 'mypaas: zsh completes nothing before: autoload -U compinit; compinit'
fi
`;

const FISH = String.raw`# fish completion of mypaas.
# For this shell:   mypaas completion fish | source
# For every shell:  mypaas completion fish > ~/.config/fish/completions/mypaas.fish
function __mypaas_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    for line in (command mypaas __complete -- $words "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            printf '%s\n' "$line"
        end
    end
end
complete -c mypaas -f -a '(__mypaas_complete)'
`;

/** The script by which a shell completes command lines of `mypaas`; its first lines say how to install it. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
