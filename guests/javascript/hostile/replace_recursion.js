const replace = () => "a".replace(/a/, replace);
return replace();
