/** What the script is to know of the program. */
export interface ScriptTerms {
  windowDays: number;
  touch: 'last' | 'first';
}

/**
 * The script for the company's own pages, in which every browser of the last ten years understands every word. It takes the
 * click's id from the address into a cookie of the page's own site, and hands it to what Stripe puts on the page. Pure.
 */
export function browserScript({ windowDays, touch }: ScriptTerms): string {
  const seconds = windowDays * 86_400;
  return SCRIPT.replace('MAX_AGE', String(seconds))
    .replace('FIRST', touch === 'first' ? '1' : '0')
    .replace(/\n */g, '');
}

// Every statement ends in a semicolon or a brace: the lines are put together as they stand.
const SCRIPT = `(function(w,d){
  var name='tributary_click',age=MAX_AGE,first=FIRST,tag=d.currentScript,page=w.location;
  function valid(id){return /^click_[0-9a-z]{26}$/.test(id)?id:null;}
  function cookie(){return valid((('; '+d.cookie).split('; '+name+'=')[1]||'').split(';')[0]);}
  var domain=tag&&tag.getAttribute('data-domain'),id=cookie();
  var given=valid((/[?&]tributary_click=([^&]*)/.exec(page.search)||[])[1]);
  if(given&&!(first&&id)){
    id=given;
    d.cookie=name+'='+id+'; Max-Age='+age+'; Path=/; SameSite=Lax'+(domain?'; Domain='+domain:'')+(page.protocol==='https:'?'; Secure':'');
  }
  function each(what,how){Array.prototype.forEach.call(d.querySelectorAll(what),how);}
  function mark(){
    each('a[href^="https://buy.stripe.com/"]',function(a){
      var parts=a.href.split('#'),at=parts[0];
      if(/[?&]client_reference_id=/.test(at))return;
      parts[0]=at+(at.indexOf('?')<0?'?':'&')+'client_reference_id='+id;
      a.href=parts.join('#');
    });
    each('stripe-pricing-table,stripe-buy-button',function(e){
      if(!e.getAttribute('client-reference-id'))e.setAttribute('client-reference-id',id);
    });
  }
  if(id){
    mark();
    d.addEventListener('DOMContentLoaded',mark);
    if(w.MutationObserver)new w.MutationObserver(mark).observe(d.documentElement,{childList:true,subtree:true});
  }
  w.tributary={clickId:function(){return id;}};
})(window,document);`;
